// Digests of tensors, found on threads of their own beside the run (internal to the executor).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

/// How many this process may use.
unsigned count_processors();

/// A digest that is wanted. Whoever claims it first finds it, the others wait.
class DigestWanted {
 public:
  /// The tensor must stay where it is until done.
  explicit DigestWanted(const core::TensorView& tensor) : tensor_(tensor) {}
  /// Finds the digest, unless somebody else has begun: then false.
  bool find();
  [[nodiscard]] bool is_done() const { return state_.load(std::memory_order_acquire) == done; }
  [[nodiscard]] const core::TensorView& tensor() const { return tensor_; }
  /// Takes the digest from who has found it, before anybody has begun.
  void set(const core::Digest& digest);
  /// The digest; found here if nobody has begun, else waited for.
  const core::Digest& get();

 private:
  enum State : int { open, begun, done };

  core::TensorView tensor_;
  core::Digest digest_;  // written by who has begun, read when done
  std::atomic<int> state_ = open;
};

class TensorHasher {
 public:
  /// Starts that many threads, or fewer where the system gives no more. Without any, a digest is
  /// found by who asks for it.
  explicit TensorHasher(unsigned threads);
  /// Leaves digests open that nobody has begun.
  ~TensorHasher();
  TensorHasher(const TensorHasher&) = delete;
  TensorHasher& operator=(const TensorHasher&) = delete;

  [[nodiscard]] std::size_t threads() const { return workers_.size(); }
  void add(std::shared_ptr<DigestWanted> wanted);

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::shared_ptr<DigestWanted>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace isotrace::executor
