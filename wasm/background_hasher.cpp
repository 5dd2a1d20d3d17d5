#include <isotrace/wasm/background_hasher.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/other_processor.hpp>

namespace isotrace::wasm {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t chunk_bytes = core::Blake3Tree::chunk_bytes;

/// Hashing as much takes no longer than waking a thread; if the code for it is in the caches, which
/// it is where checkpoints follow one another as fast as this.
constexpr std::size_t little_bytes = 32 * chunk_bytes;
constexpr auto soon = 300us;
/// Elsewhere the thread looks for the next checkpoint by itself, when it is likely to be there, and
/// need not be woken. Each look costs the execution some microseconds, too, if a processor nearby
/// has it.
constexpr int looks_most = 4;
constexpr int lateness = 16;          ///< the first look: by this part of the interval too late
constexpr int between_looks = 4;      ///< the others: by this part of the interval apart
constexpr auto interval_most = 10ms;  ///< where there is more between checkpoints it is woken
/// Shadows of up to this size are given their pages by the thread, so that copying finds them.
constexpr std::size_t prepared_bytes = std::size_t{16} << 20;

/// One chunk, past the caches: where the thread reads it, lines that were in this core's cache
/// would first have to be taken back.
void copy_chunk(std::uint8_t* to, const std::uint8_t* from) {
#ifdef __SSE2__
  for (std::size_t i = 0; i < chunk_bytes; i += sizeof(__m128i)) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
  }
#else
  std::memcpy(to, from, chunk_bytes);
#endif
}

/// Behind the last chunk, before another thread is told.
void finish_copies() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

std::size_t size_in_bytes(const StateCopy& state) {
  std::size_t bytes = state.execution.slots.size() * sizeof(Slot) +
                      state.execution.frames.size() * sizeof(Frame) + state.globals.size() +
                      state.segments.size();
  for (const std::vector<Slot>& table : state.tables) bytes += table.size() * sizeof(Slot);
  return bytes;
}

}  // namespace

BackgroundHasher::BackgroundHasher(const core::Digest& program, Store& store, StateHasher hasher,
                                   ChunkLists written)
    : store_(store), program_(program), changed_(store.memories.size()) {
  std::vector<core::Blake3Tree> trees = std::move(hasher).take_trees();
  trees.resize(store.memories.size());
  written.resize(store.memories.size());
  for (std::size_t i = 0; i < trees.size(); ++i) {
    memories_.emplace_back(std::move(trees[i]), std::move(written[i]));
  }
}

BackgroundHasher::~BackgroundHasher() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wanted_signal_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BackgroundHasher::Shadow::prepare() {
  constexpr std::size_t machine_page_bytes = 4096;
  const std::span<std::uint8_t> bytes = data_.bytes();
  if (pages_ == data_.pages() || bytes.size() > prepared_bytes) return;
  for (std::size_t place = pages_ * page_bytes; place < bytes.size(); place += machine_page_bytes) {
    // Changes nothing, and is a write from the start: a page that is read first is mapped twice,
    // and for the second time the system interrupts every processor with a thread of this process.
    std::uint8_t zero = 0;
    std::atomic_ref(bytes[place]).compare_exchange_strong(zero, 0, std::memory_order_relaxed);
  }
}

trace::Contents BackgroundHasher::Shadow::hash(const std::vector<std::uint32_t>& changed) {
  prepare();
  return hash(data_, changed);
}

std::size_t BackgroundHasher::Shadow::bytes_to_hash(
    const LinearMemory& memory, const std::vector<std::uint32_t>& changed) const {
  return (memory.pages() - pages_) * page_bytes + changed.size() * chunk_bytes;
}

void BackgroundHasher::Shadow::copy(const LinearMemory& memory,
                                    const std::vector<std::uint32_t>& changed) {
  data_.grow_to(memory.pages());
  const std::uint8_t* const from = memory.bytes().data();
  std::uint8_t* const to = data_.bytes().data();
  for (const std::vector<std::uint32_t>* list : {&std::as_const(written_), &changed}) {
    for (const std::size_t chunk : *list) {
      copy_chunk(to + chunk * chunk_bytes, from + chunk * chunk_bytes);
    }
  }
}

trace::Contents BackgroundHasher::Shadow::hash(const LinearMemory& memory,
                                               const std::vector<std::uint32_t>& changed) {
  pages_ = memory.pages();
  written_.clear();
  return {pages_, tree_.update(memory.bytes(), changed)};
}

void BackgroundHasher::begin(const Execution& execution) {
  // Nobody else touches what is hashed: the thread waits.
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    changed_[i] = store_.memories[i].data.take_marks();
  }
  state_.emplace(store_, execution);
  const Clock::time_point now = Clock::now();
  const Clock::duration interval = now - std::exchange(begun_, now);
  little_ = bytes_to_hash() <= little_bytes;
  if (interval < soon && little_) {
    trace::StateRecord record = hash(true);
    const std::scoped_lock lock(mutex_);
    ISOTRACE_CHECK(!wanted_ && !record_);
    record_ = std::move(record);
    return;
  }
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    memories_[i].copy(store_.memories[i].data, changed_[i]);
  }
  finish_copies();
  hand_over(interval);
}

void BackgroundHasher::hand_over(Clock::duration interval) {
  const std::scoped_lock lock(mutex_);
  ISOTRACE_CHECK(!wanted_ && !record_);
  wanted_ = true;
  handed_over_ = begun_;
  interval_ = interval;
  executing_on_ = OtherProcessor::current();
  if (asleep_) wanted_signal_.notify_one();
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
}

std::size_t BackgroundHasher::bytes_to_hash() const {
  std::size_t bytes = size_in_bytes(*state_);
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    bytes += memories_[i].bytes_to_hash(store_.memories[i].data, changed_[i]);
  }
  return bytes;
}

trace::StateRecord BackgroundHasher::hash(bool in_place) {
  trace::StateRecord record = record_without_memories(*state_, program_);
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    record.memories.push_back(in_place ? memories_[i].hash(store_.memories[i].data, changed_[i])
                                       : memories_[i].hash(changed_[i]));
  }
  return record;
}

trace::StateRecord BackgroundHasher::take() {
  std::unique_lock lock(mutex_);
  if (wanted_ && little_) {  // the thread naps, or no processor is free for it
    wanted_ = false;
    lock.unlock();
    return hash(false);
  }
  if (wanted_) wanted_signal_.notify_one();
  made_signal_.wait(lock, [this] { return record_.has_value(); });
  trace::StateRecord record = *std::move(record_);
  record_.reset();
  return record;
}

bool BackgroundHasher::wait_for_work(std::unique_lock<std::mutex>& lock) {
  Clock::time_point next = handed_over_ + interval_ + interval_ / lateness;
  for (int looks = 0; looks < looks_most && interval_ < interval_most && !wanted_ && !stopping_;
       ++looks) {
    wanted_signal_.wait_until(lock, next);
    next += interval_ / between_looks;
  }
  asleep_ = true;
  wanted_signal_.wait(lock, [this] { return wanted_ || stopping_; });
  asleep_ = false;
  return !stopping_;
}

void BackgroundHasher::work() {
  const OtherProcessor other;
  std::unique_lock lock(mutex_);
  while (wait_for_work(lock)) {
    wanted_ = false;
    const int executing_on = executing_on_;
    lock.unlock();
    // Before there is anything of this in the caches there; and it is woken again where it sleeps.
    other.leave(executing_on);
    trace::StateRecord record = hash(false);
    lock.lock();
    record_ = std::move(record);
    made_signal_.notify_one();
  }
  lock.unlock();
  memories_.clear();  // giving back pages takes a while, and the execution need not do it
}

}  // namespace isotrace::wasm
