#include <isotrace/wasm/background_hasher.hpp>

#include <cstring>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {

BackgroundHasher::BackgroundHasher(const core::Digest& program)
    : program_(program), thread_([this] { work(); }) {}

BackgroundHasher::~BackgroundHasher() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

/// Copies the chunks that were written, so that the execution may write to them again.
void BackgroundHasher::Shadow::follow(LinearMemory& memory) {
  data.grow_to(memory.pages());
  changed = memory.take_marks();
  const std::uint8_t* from = memory.bytes().data();
  std::uint8_t* to = data.bytes().data();
  for (const std::uint32_t chunk : changed) {
    const std::size_t place = std::size_t{chunk} << LinearMemory::chunk_shift;
    std::memcpy(to + place, from + place, core::Blake3Tree::chunk_bytes);
  }
}

void BackgroundHasher::begin(Store& store, const Execution& execution) {
  {
    const std::scoped_lock lock(mutex_);
    ISOTRACE_CHECK(!wanted_ && !record_);
    memories_.resize(store.memories.size());
    for (std::size_t i = 0; i < memories_.size(); ++i) {
      memories_[i].follow(store.memories[i].data);
    }
    state_.emplace(store, execution);
    wanted_ = true;
  }
  changed_.notify_all();
}

trace::StateRecord BackgroundHasher::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return record_.has_value(); });
  trace::StateRecord record = *std::move(record_);
  record_.reset();
  return record;
}

trace::StateRecord BackgroundHasher::hash() {
  trace::StateRecord record = record_without_memories(*state_, program_);
  for (Shadow& memory : memories_) {
    record.memories.push_back(
        {memory.data.pages(), memory.tree.update(memory.data.bytes(), memory.changed)});
  }
  return record;
}

void BackgroundHasher::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    // Nobody else touches what is hashed until the record is there.
    wanted_ = false;
    lock.unlock();
    trace::StateRecord record = hash();
    lock.lock();
    record_ = std::move(record);
    changed_.notify_all();
  }
}

}  // namespace isotrace::wasm
