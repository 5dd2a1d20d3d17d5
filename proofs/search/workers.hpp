// A fixed team of threads that does numbered jobs together. Which thread does which job is left to
// chance; callers make results depend on the job's number only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace isotrace::proofs::search {

class Workers {
 public:
  /// job(worker, index): worker < count, the calling thread is worker 0.
  using Job = std::function<void(std::size_t worker, std::size_t index)>;

  /// Fewer, where the system gives no more threads.
  explicit Workers(std::size_t count);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] std::size_t count() const { return threads_.size() + 1; }
  /// Runs job for every index below `jobs`; returns when all are done. What a job throws is thrown
  /// from here, once no thread is inside one; the rest is then left undone.
  void run(std::size_t jobs, const Job& job);

 private:
  void work(std::size_t worker);
  void take_jobs(std::size_t worker);

  std::mutex mutex_;
  std::condition_variable started_, finished_;
  std::vector<std::thread> threads_;
  const Job* job_ = nullptr;
  std::size_t jobs_ = 0;
  std::atomic<std::size_t> next_{0};
  std::exception_ptr thrown_;  ///< the first
  std::size_t joined_ = 0;     ///< threads besides the caller that may be inside a job
  bool ending_ = false;
};

}  // namespace isotrace::proofs::search
