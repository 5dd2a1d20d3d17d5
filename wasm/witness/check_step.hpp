// The judge of single steps: whether a witness shows that the state with the one root is followed
// by the state with the other. Needs no engine and no module; see docs/trust.md for what it rests
// on.
#pragma once

#include <isotrace/core/verdict.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>
#include <isotrace/wasm/witness/witness.hpp>

namespace isotrace::wasm {

struct StepReport {
  core::Verdict verdict;
  core::Digest program;
  core::Digest before;                 ///< root of the state that the witness shows
  core::Digest after;                  ///< root that the witness claims
  std::uint64_t steps = 0;             ///< before
  const OpcodeInfo* opcode = nullptr;  ///< if accepted
};

/// Accepted: the witness shows the whole step, and nothing else. Refuses witness_incomplete.
core::Result<StepReport> check_step(const Witness& witness);

}  // namespace isotrace::wasm
