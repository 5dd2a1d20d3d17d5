#include <isotrace/wasm/background_hasher.hpp>

#include <cstring>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {

BackgroundHasher::BackgroundHasher(const core::Digest& program, const Store& store)
    : program_(program), memories_(store.memories.size()), changed_(store.memories.size()) {
  for (std::size_t i = 0; i < memories_.size(); ++i) memories_[i].copy_all(store.memories[i].data);
  thread_ = std::thread([this] { work(); });
}

BackgroundHasher::~BackgroundHasher() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  signal_.notify_all();
  thread_.join();
}

void BackgroundHasher::Shadow::copy_chunk(const LinearMemory& memory, std::size_t chunk) {
  const std::size_t place = chunk << LinearMemory::chunk_shift;
  std::memcpy(data.bytes().data() + place, memory.bytes().data() + place,
              core::Blake3Tree::chunk_bytes);
}

/// But for chunks of zeros, so that what nobody wrote costs no memory here either.
void BackgroundHasher::Shadow::copy_all(const LinearMemory& memory) {
  static constexpr std::uint8_t zeros[core::Blake3Tree::chunk_bytes] = {};
  data.grow_to(memory.pages());
  for (std::size_t chunk = 0; chunk < memory.size() >> LinearMemory::chunk_shift; ++chunk) {
    const std::uint8_t* from = memory.bytes().data() + (chunk << LinearMemory::chunk_shift);
    if (std::memcmp(from, zeros, sizeof zeros) != 0) copy_chunk(memory, chunk);
  }
}

/// Copies what was written, so that the execution may write there again.
void BackgroundHasher::begin(Store& store, const Execution& execution) {
  {
    const std::scoped_lock lock(mutex_);
    ISOTRACE_CHECK(!wanted_ && !record_);
    for (std::size_t i = 0; i < memories_.size(); ++i) {
      LinearMemory& memory = store.memories[i].data;
      memories_[i].data.grow_to(memory.pages());
      changed_[i] = memory.take_marks();
      for (const std::uint32_t chunk : changed_[i]) memories_[i].copy_chunk(memory, chunk);
    }
    state_.emplace(store, execution);
    wanted_ = true;
  }
  signal_.notify_all();
}

trace::StateRecord BackgroundHasher::take() {
  std::unique_lock lock(mutex_);
  signal_.wait(lock, [this] { return record_.has_value(); });
  trace::StateRecord record = *std::move(record_);
  record_.reset();
  return record;
}

trace::StateRecord BackgroundHasher::hash() {
  trace::StateRecord record = record_without_memories(*state_, program_);
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    Shadow& memory = memories_[i];
    record.memories.push_back(
        {memory.data.pages(), memory.tree.update(memory.data.bytes(), changed_[i])});
  }
  return record;
}

void BackgroundHasher::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    signal_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    // Nobody else touches what is hashed until the record is there.
    wanted_ = false;
    lock.unlock();
    trace::StateRecord record = hash();
    lock.lock();
    record_ = std::move(record);
    signal_.notify_all();
  }
}

}  // namespace isotrace::wasm
