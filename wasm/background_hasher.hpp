// StateHasher on a thread of its own: an execution gives it a copy of what changed and goes on.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <isotrace/wasm/state.hpp>

namespace isotrace::wasm {

class BackgroundHasher {
 public:
  /// Of a machine over this store, as it is now.
  BackgroundHasher(const core::Digest& program, const Store& store);
  ~BackgroundHasher();
  BackgroundHasher(const BackgroundHasher&) = delete;
  BackgroundHasher& operator=(const BackgroundHasher&) = delete;

  /// Starts on the record of this state; reads and clears the marks of the memories. The record
  /// before must have been taken.
  void begin(Store& store, const Execution& execution);
  /// The record of the state that begin() was given; waits for it. Call once for each.
  trace::StateRecord take();
  /// By memory: the chunks written between the latest two calls of begin(), or before the first one
  /// since their marks were cleared.
  [[nodiscard]] const std::vector<std::vector<std::uint32_t>>& changed() const { return changed_; }

 private:
  /// A memory as the hasher knows it.
  struct Shadow {
    LinearMemory data;
    core::Blake3Tree tree;

    void copy_chunk(const LinearMemory& memory, std::size_t chunk);
    void copy_all(const LinearMemory& memory);
  };

  void work();
  trace::StateRecord hash();

  core::Digest program_;
  std::vector<Shadow> memories_;
  std::vector<std::vector<std::uint32_t>> changed_;  ///< read by the thread until it has hashed
  std::optional<StateCopy> state_;
  std::optional<trace::StateRecord> record_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable signal_;
  std::thread thread_;  // the last: it uses all others
};

}  // namespace isotrace::wasm
