// StateHasher on a thread of its own: the execution copies what changed and goes on, and the thread
// hashes the copy. Where little changed since a moment ago the execution hashes it itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <isotrace/wasm/state.hpp>

namespace isotrace::wasm {

/// By memory: chunks, in ascending order.
using ChunkLists = std::vector<std::vector<std::uint32_t>>;

class BackgroundHasher {
 public:
  /// Of a machine over this store; from what `hasher` knows of it. Where that has made no record
  /// yet, what has no mark now and is not in `written` is zero. The store must outlive this.
  BackgroundHasher(const core::Digest& program, Store& store, StateHasher hasher,
                   ChunkLists written);
  BackgroundHasher(const core::Digest& program, Store& store)
      : BackgroundHasher(program, store, StateHasher(program), {}) {}
  ~BackgroundHasher();
  BackgroundHasher(const BackgroundHasher&) = delete;
  BackgroundHasher& operator=(const BackgroundHasher&) = delete;

  /// Starts on the record of this state, or makes it; reads and clears the marks of the memories.
  /// The record before must have been taken.
  void begin(const Execution& execution);
  /// The record of the state that begin() was given; waits for it, or makes it. Call once for each.
  trace::StateRecord take();
  /// By memory: the chunks written between the latest two calls of begin(), or before the first one
  /// since their marks were cleared.
  [[nodiscard]] const ChunkLists& changed() const { return changed_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// A memory as it was at the latest begin(), as far as it has to be hashed.
  class Shadow {
   public:
    Shadow(core::Blake3Tree tree, std::vector<std::uint32_t> written)
        : tree_(std::move(tree)), written_(std::move(written)) {}

    /// How many bytes are to be hashed.
    [[nodiscard]] std::size_t bytes_to_hash(const LinearMemory& memory,
                                            const std::vector<std::uint32_t>& changed) const;
    void copy(const LinearMemory& memory, const std::vector<std::uint32_t>& changed);
    /// What was copied, or is in the memory itself.
    trace::Contents hash(const std::vector<std::uint32_t>& changed);
    trace::Contents hash(const LinearMemory& memory, const std::vector<std::uint32_t>& changed);

   private:
    /// Gives new pages of a small shadow memory of their own.
    void prepare();

    core::Blake3Tree tree_;
    std::uint32_t pages_ = 0;  ///< when it was hashed last by this
    /// Not zero at the first begin(), beside what is marked then.
    std::vector<std::uint32_t> written_;
    LinearMemory data_;  ///< the chunks that are to be hashed; others are old, or zero
  };

  [[nodiscard]] std::size_t bytes_to_hash() const;
  void hand_over(Clock::duration interval);
  void work();
  /// Whether there is any.
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  trace::StateRecord hash(bool in_place);

  Store& store_;
  core::Digest program_;
  std::vector<Shadow> memories_;
  ChunkLists changed_;  ///< read by the thread until it has hashed
  std::optional<StateCopy> state_;
  std::optional<trace::StateRecord> record_;
  Clock::time_point begun_ = Clock::now();  ///< the latest begin()

  // Between the threads.
  std::mutex mutex_;
  std::condition_variable wanted_signal_;
  std::condition_variable made_signal_;
  bool wanted_ = false;  ///< and not begun
  bool little_ = false;  ///< what is wanted
  bool asleep_ = false;  ///< the thread looks for work only when it is told to
  bool stopping_ = false;
  Clock::time_point handed_over_;
  Clock::duration interval_ = {};  ///< between the two latest checkpoints
  int executing_on_ = -1;  ///< the processor that the execution was on at the latest begin()
  std::thread thread_;     // the last: it uses all others. Not before it is needed
};

}  // namespace isotrace::wasm
