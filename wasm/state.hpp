// The digests of a state: the same for every engine.
#pragma once

#include <isotrace/core/blake3_tree.hpp>
#include <isotrace/wasm/execution.hpp>

namespace isotrace::wasm {

/// The definition: hashes every byte of the state and of the store. `program`: what is executed.
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
