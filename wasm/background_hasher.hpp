// StateHasher on a thread of its own. The thread reads in place what changed, while the execution
// goes on; that only copies chunks which it is about to write before the thread has read them.
// Where little changed the execution hashes it itself: that takes less than waking a thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include <isotrace/wasm/state.hpp>

namespace isotrace::wasm {

class BackgroundHasher {
 public:
  /// Of a machine over this store, as it is now; from what `hasher` knows of it, which must have
  /// made no record or one since the latest marks were taken. The store must outlive this.
  BackgroundHasher(const core::Digest& program, Store& store, StateHasher hasher);
  BackgroundHasher(const core::Digest& program, Store& store)
      : BackgroundHasher(program, store, StateHasher(program)) {}
  ~BackgroundHasher();
  BackgroundHasher(const BackgroundHasher&) = delete;
  BackgroundHasher& operator=(const BackgroundHasher&) = delete;

  /// Starts on the record of this state, or makes it; reads and clears the marks of the memories.
  /// The record before must have been taken.
  void begin(const Execution& execution);
  /// The record of the state that begin() was given; waits for it. Call once for each.
  trace::StateRecord take();
  /// By memory: the chunks written between the latest two calls of begin(), or before the first one
  /// since their marks were cleared.
  [[nodiscard]] const std::vector<std::vector<std::uint32_t>>& changed() const { return changed_; }

 private:
  /// A memory as it was at the latest begin().
  class Shadow final : public ChunkReader {
   public:
    Shadow(BackgroundHasher& hasher, core::Blake3Tree tree)
        : hasher_(hasher), tree_(std::move(tree)) {}

    // By the execution, the first three while the thread waits.
    /// Whether nothing but `changed` is to be hashed.
    [[nodiscard]] bool follows(const LinearMemory& memory) const {
      return source_ != nullptr && data_.pages() == memory.pages();
    }
    trace::Contents hash_in_place(const LinearMemory& memory,
                                  const std::vector<std::uint32_t>& changed) {
      return {memory.pages(), tree_.update(memory.bytes(), changed)};
    }
    void begin(const LinearMemory& memory, const std::vector<std::uint32_t>& changed);
    void before_write(std::size_t chunk) override;
    void before_move() override { hasher_.wait_until_read(); }

    // By the thread.
    void read();
    trace::Contents hash() { return {data_.pages(), tree_.update(data_.bytes(), changed_)}; }

   private:
    /// Of a chunk: what the thread has yet to do with it.
    enum class Duty : std::uint8_t {
      none,
      read,   ///< from the memory
      saved,  ///< the execution has copied it before it changed
    };
    void read_chunk(std::size_t chunk);

    BackgroundHasher& hasher_;
    core::Blake3Tree tree_;
    LinearMemory data_;   ///< written by the thread alone
    LinearMemory saved_;  ///< written by the execution alone; what is not saved costs nothing
    const std::uint8_t* source_ = nullptr;  ///< the memory; nullptr before it was read whole
    std::span<const std::uint32_t> changed_;
    std::vector<std::uint32_t> to_read_;
    std::unique_ptr<std::atomic<Duty>[]> duties_;
    std::size_t chunks_ = 0;  ///< that have duties
  };

  /// Whether what is to be hashed is so little that no thread should be woken for it.
  [[nodiscard]] bool is_little() const;
  trace::StateRecord hash_in_place();
  void work();
  trace::StateRecord hash();
  void wait_until_read();

  Store& store_;
  core::Digest program_;
  std::deque<Shadow> memories_;
  std::vector<std::vector<std::uint32_t>> changed_;  ///< read by the thread until it has hashed
  std::optional<StateCopy> state_;
  std::optional<trace::StateRecord> record_;
  bool wanted_ = false;
  bool reading_ = false;  ///< the thread may read the store's memories
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable signal_;
  std::thread thread_;  // the last: it uses all others
};

}  // namespace isotrace::wasm
