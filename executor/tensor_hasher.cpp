#include <isotrace/executor/tensor_hasher.hpp>

#include <sched.h>

#include <system_error>

namespace isotrace::executor {

unsigned count_processors() {
  cpu_set_t set;
  const bool known = sched_getaffinity(0, sizeof set, &set) == 0;
  return known ? static_cast<unsigned>(CPU_COUNT(&set)) : std::thread::hardware_concurrency();
}

bool DigestWanted::find() {
  int expected = open;
  if (!state_.compare_exchange_strong(expected, begun, std::memory_order_relaxed)) return false;
  digest_ = core::tensor_digest(tensor_);
  state_.store(done, std::memory_order_release);
  state_.notify_all();
  return true;
}

void DigestWanted::set(const core::Digest& digest) {
  digest_ = digest;
  state_.store(done, std::memory_order_release);
}

const core::Digest& DigestWanted::get() {
  find();
  while (!is_done()) state_.wait(begun, std::memory_order_acquire);
  return digest_;
}

TensorHasher::TensorHasher(unsigned threads) {
  try {
    for (unsigned i = 0; i < threads; ++i) workers_.emplace_back([this] { serve(); });
  } catch (const std::system_error&) {
    // Fewer threads change the time alone.
  }
}

TensorHasher::~TensorHasher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void TensorHasher::add(std::shared_ptr<DigestWanted> wanted) {
  if (workers_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(wanted));
  }
  ready_.notify_one();
}

void TensorHasher::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<DigestWanted> wanted = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    wanted->find();
    lock.lock();
  }
}

}  // namespace isotrace::executor
