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
  explicit BackgroundHasher(const core::Digest& program);
  ~BackgroundHasher();
  BackgroundHasher(const BackgroundHasher&) = delete;
  BackgroundHasher& operator=(const BackgroundHasher&) = delete;

  /// Starts on the record of this state; reads and clears the marks of the memories. The record
  /// before must have been taken.
  void begin(Store& store, const Execution& execution);
  /// The record of the state that begin() was given; waits for it. Call once for each.
  trace::StateRecord take();

 private:
  /// The memory as the hasher knows it, and what changed since the record before.
  struct Shadow {
    LinearMemory data;
    std::vector<std::uint32_t> changed;
    core::Blake3Tree tree;

    void follow(LinearMemory& memory);
  };

  void work();
  trace::StateRecord hash();

  core::Digest program_;
  std::vector<Shadow> memories_;
  std::optional<StateCopy> state_;
  std::optional<trace::StateRecord> record_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;  // the last: it uses all others
};

}  // namespace isotrace::wasm
