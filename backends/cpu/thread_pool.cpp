#include <isotrace/backends/cpu/thread_pool.hpp>

#include <xmmintrin.h>

#include <system_error>

#include <isotrace/core/float_environment.hpp>

namespace isotrace::backends::cpu {

template <class Ready>
void ThreadPool::look_for(const Ready& ready) const {
  constexpr int looks = 320;  // a millisecond at most, since an idle processor wakes up slowly
  constexpr int pauses = 64;  // some microseconds
  for (int look = 0; spins_ && look < looks && !ready(); ++look) {
    for (int pause = 0; pause < pauses && !ready(); ++pause) _mm_pause();
    std::this_thread::yield();  // to threads that hash what was computed, say
  }
}

core::Result<std::unique_ptr<ThreadPool>> ThreadPool::make(unsigned threads) {
  if (threads == 0) {
    return core::refuse(core::RefusalCode::value_out_of_range, "threads", "0");
  }
  if (threads > threads_max) {
    return core::refuse(core::RefusalCode::limit_exceeded, "threads", std::to_string(threads));
  }
  std::unique_ptr<ThreadPool> pool(new ThreadPool);
  pool->spins_ = threads <= std::thread::hardware_concurrency();
  pool->workers_.reserve(threads - 1);
  try {
    for (unsigned worker = 1; worker < threads; ++worker) {
      pool->workers_.emplace_back([raw = pool.get(), worker] { raw->serve(worker); });
    }
  } catch (const std::system_error& error) {
    return core::refuse(core::RefusalCode::limit_exceeded, "threads", error.what());
  }
  return pool;
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::size_t count, const std::function<void(std::size_t, unsigned)>& task) {
  if (workers_.empty() || count <= 1) {
    for (std::size_t index = 0; index < count; ++index) task(index, 0);
    return;
  }
  std::unique_lock lock(mutex_);
  task_ = &task;
  next_ = 0;
  count_ = count;
  unfinished_ = count;
  ++calls_;
  work_.notify_all();
  take_tasks(lock, 0);
  lock.unlock();
  look_for([this] { return unfinished_ == 0; });
  lock.lock();
  idle_.wait(lock, [this] { return running_ == 0; });
  task_ = nullptr;
}

void ThreadPool::serve(unsigned worker) {
  const core::FloatEnvironment environment;
  std::unique_lock lock(mutex_);
  while (true) {
    const std::uint64_t seen = calls_;
    if (next_ >= count_ && !stopping_) {
      lock.unlock();
      look_for([&] { return calls_ != seen; });
      lock.lock();
    }
    work_.wait(lock, [this] { return stopping_ || next_ < count_; });
    if (stopping_) return;
    take_tasks(lock, worker);
    if (running_ == 0) idle_.notify_one();
  }
}

void ThreadPool::take_tasks(std::unique_lock<std::mutex>& lock, unsigned worker) {
  while (next_ < count_) {
    const std::size_t index = next_++;
    ++running_;
    lock.unlock();
    (*task_)(index, worker);
    lock.lock();
    --running_;
    --unfinished_;
  }
}

}  // namespace isotrace::backends::cpu
