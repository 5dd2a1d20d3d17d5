// The digests of a state: the same for every engine.
#pragma once

#include <isotrace/core/blake3_tree.hpp>
#include <isotrace/wasm/execution.hpp>

namespace isotrace::wasm {

/// What a record says of everything but memories, as it was when it was taken.
struct StateCopy {
  StateCopy(const Store& store, const Execution& of);

  Execution execution;
  std::vector<Slot> globals;
  std::vector<std::vector<Slot>> tables;
  std::vector<std::uint32_t> segments;  ///< what is left of each
  std::uint64_t host_calls;
  core::Digest host_log;
};

/// A record without memories. `program`: what is executed.
trace::StateRecord record_without_memories(const StateCopy& state, const core::Digest& program);

/// The definition: hashes every byte of the state and of the store.
trace::StateRecord state_record(const Store& store, const Execution& execution,
                                const core::Digest& program);

/// The same, hashing of memories only what was written since the latest call: reads and clears
/// their marks.
class StateHasher {
 public:
  explicit StateHasher(const core::Digest& program) : program_(program) {}
  trace::StateRecord record(Store& store, const Execution& execution);

 private:
  core::Digest program_;
  std::vector<core::Blake3Tree> memories_;
};

}  // namespace isotrace::wasm
