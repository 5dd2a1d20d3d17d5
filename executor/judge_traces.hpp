// A recorded run judged by derived bounds, step by step: whether each of its results is one that an
// admissible evaluation of the step can give. Every step is judged on the operands that the run
// itself had, so that errors do not add up and the step that is wrong is the one that is named.
#pragma once

#include <isotrace/executor/foreign.hpp>
#include <isotrace/executor/replay.hpp>

namespace isotrace::executor {

/// Two runs of one program on the same inputs with the same seed; b may be another engine's.
struct TracePair {
  const trace::Trace& a;  ///< must be canonical
  const trace::Trace& b;  ///< is judged
  const EmbeddedRun& run;
  backends::Backend* maker = nullptr;  ///< that made b; nullptr: absent here
};

/// Why the steps of b cannot be judged from one on.
struct TraceMismatch {
  std::uint64_t step = 0;
  std::string what;
};

/// Shows every step of b to the sink, beside what the backend, which must be a canonical one, gives
/// on b's operands; nodes that run programs of their own are left out, as their steps are shown.
/// What the reference did in another engine's place is told to be not executed.
/// Ends at the first step that b executed otherwise, that has an operand which no earlier step of b
/// made, or at which a is not canonical. Contents come from the traces or are computed again by the
/// backend that made b, and count only with the digest that b states. Refuses trace_foreign (a),
/// trace_digest_mismatch (other programs, inputs or seeds), trace_without_program (contents that
/// cannot be had), limit_exceeded, and what execute() and the sink refuse.
core::Result<std::optional<TraceMismatch>> judge_traces(const TracePair& pair,
                                                        backends::Backend& backend,
                                                        const std::optional<BoundOptions>& bounds,
                                                        const JudgementSink& sink,
                                                        const ExecuteLimits& limits = {});

}  // namespace isotrace::executor
