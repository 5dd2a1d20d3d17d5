// Evidence that one step belongs to a trace, for somebody who has only the trace root: the step
// record and O(log n) digests. Trusted base.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/core/verdict.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::trace {

struct StepProof {
  std::uint64_t step = 0;
  std::uint64_t leaves = 0;        ///< steps + 2; checked only as far as it shapes the path
  std::vector<core::Digest> path;  ///< RFC 6962 audit path, leaf to root
};

/// Refuses trace_step_unknown. The trace must be closed (its root is what the proof leads to).
core::Result<StepProof> make_step_proof(const Trace& trace, std::uint64_t step);

/// Accepted iff the trace with this root has exactly this record at its place.
core::Verdict check_step_proof(const StepRecord& step, const StepProof& proof,
                               const core::Digest& root);

}  // namespace isotrace::trace
