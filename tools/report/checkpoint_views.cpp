#include <isotrace/tools/report/checkpoint_views.hpp>

#include <chrono>

#include <isotrace/core/blake3.hpp>

#include <isotrace/wasm/record/open_recorded.hpp>

namespace isotrace::tools::page {
namespace {

using Clock = std::chrono::steady_clock;
using Stop = wasm::ModuleRun::Stop;

/// The stack, if it is what the record has a digest of.
std::optional<std::vector<std::uint32_t>> stack_of(wasm::ModuleRun& run,
                                                   const trace::StateRecord& state) {
  const std::vector<wasm::Frame>& frames = run.engine().state().frames;
  if (run.engine().steps() != state.steps || frames.size() != state.frames.size ||
      core::blake3(wasm::frame_bytes(frames)) != state.frames.digest) {
    return std::nullopt;
  }
  std::vector<std::uint32_t> functions;
  for (const wasm::Frame& frame : frames) {
    functions.push_back(run.store().functions[frame.function].index);
  }
  return functions;
}

}  // namespace

core::Result<std::vector<CheckpointView>> view_checkpoints(const trace::Trace& trace,
                                                           const wasm::RunRequest& request,
                                                           const wasm::EngineFactory& engine) {
  const auto& checkpoints = trace.machine.checkpoints;
  std::vector<CheckpointView> views(checkpoints.size());
  if (checkpoints.empty()) return views;
  ISOTRACE_TRY(const wasm::RecordedRun opened,
               wasm::open_recorded(trace, request, engine, std::nullopt));
  for (std::size_t k = 0; k < checkpoints.size(); ++k) {
    if (opened.host->difference()) break;
    views[k].stack = stack_of(*opened.run, checkpoints[k].state);
    const bool last = k + 1 == checkpoints.size();
    // An unfinished recording says nothing of what comes behind its last checkpoint.
    if (last && !trace.machine.state) break;
    const Clock::time_point begin = Clock::now();
    const Stop stop = opened.run->run_to_checkpoint(last ? trace.machine.state->steps + 1
                                                         : checkpoints[k + 1].state.steps + 1);
    views[k].nanoseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
    if (stop != Stop::checkpoint) break;
  }
  return views;
}

}  // namespace isotrace::tools::page
