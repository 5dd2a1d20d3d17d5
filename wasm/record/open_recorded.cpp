#include <isotrace/wasm/record/open_recorded.hpp>

#include <isotrace/wasm/record/snapshot_store.hpp>

namespace isotrace::wasm {

core::Result<RecordedRun> open_recorded(const trace::Trace& trace, const RunRequest& request,
                                        const EngineFactory& engine,
                                        std::optional<std::size_t> snapshot) {
  std::uint64_t calls = 0;
  if (snapshot) {
    const std::size_t checkpoint = trace.machine.snapshots[*snapshot].checkpoint;
    calls = trace.machine.checkpoints[checkpoint].state.host_calls.size;
  }
  RecordedRun opened;
  opened.host =
      std::make_unique<LoggedHost>(std::span(trace.machine.host_calls).subspan(calls), calls);
  ISOTRACE_TRY(opened.run, ModuleRun::make(request, opened.host->link(), engine));
  if (snapshot) {
    ISOTRACE_TRY_DONE(restore_snapshot(*opened.run, trace, *snapshot));
  } else {
    opened.run->run_to_checkpoint();
  }
  return opened;
}

}  // namespace isotrace::wasm
