// Re-executes a trace and judges it.
#pragma once

#include <optional>

#include <isotrace/core/verdict.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/trace/compare.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::executor {

struct ReplayOptions {
  std::uint64_t from = 0;           ///< first step judged
  std::optional<std::uint64_t> to;  ///< last step judged, inclusive; absent: the last one
  ExecuteLimits limits = {};
  unsigned hash_threads = 0;  ///< as RecordOptions
};

struct ReplayResult {
  core::Verdict verdict;
  core::Digest root;  ///< recomputed over the whole run; zero if only a window was judged
  std::uint64_t steps = 0;
  std::optional<trace::Divergence> divergence;
};

/// Judges the trace against `program` run on `backend`. The program's digest must be the trace's
/// (rejected otherwise); inputs are compared by digest. A window executes only what its steps
/// depend on. Refuses trace_foreign, trace_semantics_unknown, trace_step_unknown (window outside
/// the trace), and what execute() refuses.
core::Result<ReplayResult> replay(const trace::Trace& trace, const core::Program& program,
                                  std::span<const NamedTensor> inputs, backends::Backend& backend,
                                  const ReplayOptions& options);

/// Program and inputs embedded in a trace; refuses trace_without_program, program_malformed,
/// trace_digest_mismatch, trace_semantics_unknown.
struct EmbeddedRun {
  core::Program program;
  std::vector<NamedTensor> inputs;
};
core::Result<EmbeddedRun> embedded_run(const trace::Trace& trace);

/// One step, recomputed: what it executed, its operands and results; nothing for an operand that is
/// left out.
struct StepTensors {
  core::Node node;
  std::vector<std::optional<core::Tensor>> operands;
  std::vector<core::Tensor> results;
};
/// Refuses trace_step_unknown, and what execute() refuses.
core::Result<StepTensors> recompute_step(const EmbeddedRun& run, backends::Backend& backend,
                                         std::uint64_t step, const ExecuteLimits& limits = {});

}  // namespace isotrace::executor
