// The digests of a state: the same for every engine.
#pragma once

#include <isotrace/core/blake3_tree.hpp>
#include <isotrace/wasm/execution.hpp>

namespace isotrace::wasm {

/// The bytes that the digests of a state cover, where they are not a list as it is in memory.
core::Bytes frame_bytes(std::span<const Frame> frames);
core::Bytes global_bytes(const Store& store);
/// What is left of every segment: references of element segments, bytes of data segments.
core::Bytes segment_bytes(const Store& store);

/// What a record says of everything but memories, as it was when it was taken.
struct StateCopy {
  StateCopy(const Store& store, const Execution& of);

  Execution execution;
  core::Bytes globals;
  std::vector<std::vector<Slot>> tables;
  core::Bytes segments;
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
  /// By memory: the chunks that the latest call found marked.
  [[nodiscard]] const std::vector<std::vector<std::uint32_t>>& changed() const { return changed_; }
  /// Of the memories, as the latest call left them; none before the first one.
  [[nodiscard]] std::vector<core::Blake3Tree> take_trees() && { return std::move(memories_); }

 private:
  core::Digest program_;
  std::vector<core::Blake3Tree> memories_;
  std::vector<std::vector<std::uint32_t>> changed_;
};

}  // namespace isotrace::wasm
