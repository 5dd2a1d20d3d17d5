// The fact that a step's record is under a trace's root, exported to Coq: a theorem by computation
// of SHA-256 inside the kernel (coq/trace).
#pragma once

#include <isotrace/proofs/export/bundle.hpp>
#include <isotrace/trace/inclusion.hpp>

namespace isotrace::proofs {

struct StepFact {
  core::Bytes record;  ///< trace::step_bytes
  trace::StepProof proof;
  core::Digest root;
};

inline constexpr std::string_view bundle_step_path = "subjects/step.txt";

/// Refuses trace_step_unknown.
core::Result<StepFact> make_step_fact(const trace::Trace& trace, std::uint64_t step);

/// Lines `isotrace.step 1`, `step N`, `leaves N`, `root HEX`, `record HEX`, and `path HEX` for each
/// digest from the leaf up.
core::Bytes write_step_fact(const StepFact& fact);
/// Refuses proof_malformed; what it accepts is exactly what write_step_fact writes.
core::Result<StepFact> parse_step_fact(core::ByteView bytes);

/// Deterministic. Whether the path leads to the root is for Coq to find out.
Bundle export_coq_step(const StepFact& fact);

}  // namespace isotrace::proofs
