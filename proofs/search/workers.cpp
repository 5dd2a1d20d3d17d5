#include <isotrace/proofs/search/workers.hpp>

#include <system_error>
#include <utility>

#include <isotrace/core/float_environment.hpp>

namespace isotrace::proofs::search {

Workers::Workers(std::size_t count) {
  threads_.reserve(count - 1);
  try {
    for (std::size_t worker = 1; worker < count; ++worker) {
      threads_.emplace_back([this, worker] { work(worker); });
    }
  } catch (const std::system_error&) {  // neither memory nor a right to more threads
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  started_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::run(std::size_t jobs, const Job& job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = &job;
    jobs_ = jobs;
    next_ = 0;
  }
  started_.notify_all();
  take_jobs(0);
  // Only threads that have joined are waited for; one that wakes up later finds nothing to do.
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return joined_ == 0; });
  job_ = nullptr;
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void Workers::take_jobs(std::size_t worker) {
  try {
    for (std::size_t index = next_++; index < jobs_; index = next_++) (*job_)(worker, index);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!thrown_) thrown_ = std::current_exception();
    next_ = jobs_;
  }
}

void Workers::work(std::size_t worker) {
  const core::FloatEnvironment environment;
  std::unique_lock lock(mutex_);
  for (;;) {
    started_.wait(lock, [this] { return ending_ || (job_ != nullptr && next_ < jobs_); });
    if (ending_) return;
    ++joined_;
    lock.unlock();
    take_jobs(worker);
    lock.lock();
    if (--joined_ == 0) finished_.notify_one();
  }
}

}  // namespace isotrace::proofs::search
