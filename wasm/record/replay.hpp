// Executes again what a trace of a WebAssembly run records and judges it, the segments between
// snapshots each on its own: answers of the host come from the trace alone.
#pragma once

#include <isotrace/core/verdict.hpp>
#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::wasm {

struct ReplayOptions {
  std::uint64_t from = 0;         ///< the first step that must be judged
  std::uint64_t to = UINT64_MAX;  ///< the last one; segments are judged up to the next checkpoint
  unsigned threads = 1;
};

/// Where recorded and computed run part.
struct StateDivergence {
  /// The first checkpoint that differs; their number if that is the last state.
  std::size_t checkpoint = 0;
  std::uint64_t steps = 0;  ///< recorded
  std::vector<std::string>
      parts;  ///< of the state: "slots", "memory 0"; empty where none is judged
};

struct RunVerdict {
  core::Verdict verdict;
  std::uint64_t steps = 0;  ///< judged
  std::optional<StateDivergence> divergence;
};

/// The parts in which two states differ, in the order of the record.
std::vector<std::string> different_parts(const trace::StateRecord& a, const trace::StateRecord& b);

/// `request`: from request_of. Does not depend on the number of threads. Refuses trace_step_unknown
/// (a window behind the end) and what ModuleRun::make refuses. A snapshot that is not of its
/// checkpoint's state is rejected there.
core::Result<RunVerdict> replay_run(const trace::Trace& trace, const RunRequest& request,
                                    const EngineFactory& engine, const ReplayOptions& options);

}  // namespace isotrace::wasm
