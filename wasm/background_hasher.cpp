#include <isotrace/wasm/background_hasher.hpp>

#include <cstring>
#include <numeric>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {
namespace {

constexpr std::size_t chunk_bytes = core::Blake3Tree::chunk_bytes;
/// Hashing as much takes a few microseconds, no more than a thread takes to wake.
constexpr std::size_t little_bytes = 32 * chunk_bytes;

std::size_t size_in_bytes(const StateCopy& state) {
  std::size_t bytes = state.execution.slots.size() * sizeof(Slot) +
                      state.execution.frames.size() * sizeof(Frame) + state.globals.size() +
                      state.segments.size();
  for (const std::vector<Slot>& table : state.tables) bytes += table.size() * sizeof(Slot);
  return bytes;
}

}  // namespace

BackgroundHasher::BackgroundHasher(const core::Digest& program, Store& store, StateHasher hasher)
    : store_(store), program_(program), changed_(store.memories.size()) {
  std::vector<core::Blake3Tree> trees = std::move(hasher).take_trees();
  trees.resize(store.memories.size());
  for (std::size_t i = 0; i < trees.size(); ++i) {
    memories_.emplace_back(*this, std::move(trees[i]));
    store.memories[i].data.set_reader(&memories_[i]);
  }
  thread_ = std::thread([this] { work(); });
}

BackgroundHasher::~BackgroundHasher() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  signal_.notify_all();
  thread_.join();
  for (std::size_t i = 0; i < memories_.size(); ++i) store_.memories[i].data.set_reader(nullptr);
}

void BackgroundHasher::Shadow::begin(const LinearMemory& memory,
                                     const std::vector<std::uint32_t>& changed) {
  if (memory.pages() != data_.pages()) {  // new pages are zero in all places
    chunks_ = memory.size() >> LinearMemory::chunk_shift;
    data_.grow_to(memory.pages());
    saved_.grow_to(memory.pages());
    duties_ = std::make_unique<std::atomic<Duty>[]>(chunks_);
  }
  to_read_ = changed;
  if (source_ == nullptr) {
    to_read_.resize(chunks_);
    std::iota(to_read_.begin(), to_read_.end(), 0U);
  }
  for (const std::uint32_t chunk : to_read_) {
    duties_[chunk].store(Duty::read, std::memory_order_relaxed);
  }
  source_ = memory.bytes().data();
  changed_ = changed;
}

void BackgroundHasher::Shadow::before_write(std::size_t chunk) {
  if (chunk >= chunks_ || duties_[chunk].load(std::memory_order_acquire) != Duty::read) return;
  const std::size_t place = chunk * chunk_bytes;
  std::memcpy(saved_.bytes().data() + place, source_ + place, chunk_bytes);
  // Where the thread was faster it is saved in vain.
  Duty expected = Duty::read;
  duties_[chunk].compare_exchange_strong(expected, Duty::saved, std::memory_order_acq_rel);
}

void BackgroundHasher::Shadow::read() {
  for (const std::uint32_t chunk : to_read_) read_chunk(chunk);
}

/// The execution may write the chunk meanwhile. Then it has said so before, and what was read is
/// not used.
void BackgroundHasher::Shadow::read_chunk(std::size_t chunk) {
  static constexpr std::uint8_t zeros[chunk_bytes] = {};
  const std::size_t place = chunk * chunk_bytes;
  std::uint8_t* const to = data_.bytes().data() + place;
  // What nobody wrote costs no memory here either.
  if (std::memcmp(source_ + place, zeros, chunk_bytes) != 0 ||
      std::memcmp(to, zeros, chunk_bytes) != 0) {
    std::memcpy(to, source_ + place, chunk_bytes);
  }
  Duty expected = Duty::read;
  if (!duties_[chunk].compare_exchange_strong(expected, Duty::none, std::memory_order_acq_rel)) {
    std::memcpy(to, saved_.bytes().data() + place, chunk_bytes);
    duties_[chunk].store(Duty::none, std::memory_order_relaxed);
  }
}

void BackgroundHasher::begin(const Execution& execution) {
  // Nobody else touches what is hashed: the thread waits.
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    changed_[i] = store_.memories[i].data.take_marks();
  }
  state_.emplace(store_, execution);
  const bool in_place = is_little();
  for (std::size_t i = 0; i < memories_.size() && !in_place; ++i) {
    memories_[i].begin(store_.memories[i].data, changed_[i]);
  }
  {
    const std::scoped_lock lock(mutex_);
    ISOTRACE_CHECK(!wanted_ && !record_);
    if (in_place) {
      record_ = hash_in_place();
      return;
    }
    wanted_ = true;
    reading_ = true;
  }
  signal_.notify_all();
}

bool BackgroundHasher::is_little() const {
  std::size_t bytes = size_in_bytes(*state_);
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    if (!memories_[i].follows(store_.memories[i].data)) return false;
    bytes += changed_[i].size() * chunk_bytes;
  }
  return bytes <= little_bytes;
}

trace::StateRecord BackgroundHasher::hash_in_place() {
  trace::StateRecord record = record_without_memories(*state_, program_);
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    record.memories.push_back(memories_[i].hash_in_place(store_.memories[i].data, changed_[i]));
  }
  return record;
}

trace::StateRecord BackgroundHasher::take() {
  std::unique_lock lock(mutex_);
  signal_.wait(lock, [this] { return record_.has_value(); });
  trace::StateRecord record = *std::move(record_);
  record_.reset();
  return record;
}

void BackgroundHasher::wait_until_read() {
  std::unique_lock lock(mutex_);
  signal_.wait(lock, [this] { return !reading_; });
}

trace::StateRecord BackgroundHasher::hash() {
  for (Shadow& memory : memories_) memory.read();
  {
    const std::scoped_lock lock(mutex_);
    reading_ = false;
  }
  signal_.notify_all();
  trace::StateRecord record = record_without_memories(*state_, program_);
  for (Shadow& memory : memories_) record.memories.push_back(memory.hash());
  return record;
}

void BackgroundHasher::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    signal_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    trace::StateRecord record = hash();
    lock.lock();
    record_ = std::move(record);
    signal_.notify_all();
  }
}

}  // namespace isotrace::wasm
