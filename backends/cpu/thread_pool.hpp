// Fork and join over a fixed set of threads. Which thread runs which task is left to chance, so
// tasks must write disjoint results that do not depend on it. Every worker keeps a
// core::FloatEnvironment; the calling thread, which works too, is the caller's business.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <isotrace/core/result.hpp>

namespace isotrace::backends::cpu {

class ThreadPool {
 public:
  /// `threads` counts the caller: one less is started. Refuses value_out_of_range for 0 and
  /// limit_exceeded over threads_max or if the system gives no more threads.
  static core::Result<std::unique_ptr<ThreadPool>> make(unsigned threads);
  static constexpr unsigned threads_max = 1024;

  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] unsigned threads() const { return static_cast<unsigned>(workers_.size()) + 1; }

  /// task(index, worker) for every index in [0, count); worker in [0, threads()) names the thread
  /// that runs it, so it can own scratch memory. Returns when all are done. Tasks must not throw.
  void run(std::size_t count, const std::function<void(std::size_t, unsigned)>& task);

 private:
  ThreadPool() = default;
  void stop();
  void serve(unsigned worker);
  void take_tasks(std::unique_lock<std::mutex>& lock, unsigned worker);
  /// Looks for a while whether `ready` before its caller sleeps: waking up takes longer than many
  /// operations do. Gives up at once where there are fewer processors than threads.
  template <class Ready>
  void look_for(const Ready& ready) const;

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  const std::function<void(std::size_t, unsigned)>* task_ = nullptr;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::atomic<std::uint64_t> calls_ = 0;     // of run(), also read without the lock
  std::atomic<std::size_t> unfinished_ = 0;  // tasks of this call, also read without the lock
  bool spins_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace isotrace::backends::cpu
