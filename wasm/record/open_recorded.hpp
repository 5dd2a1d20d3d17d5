// A recorded run made to be executed again, from its beginning or a snapshot; the recording is its
// host.
#pragma once

#include <isotrace/wasm/record/logged_host.hpp>

namespace isotrace::wasm {

struct RecordedRun {
  std::unique_ptr<LoggedHost> host;
  std::unique_ptr<ModuleRun> run;
};

/// The run at snapshot number `snapshot` of the trace or, without one, with its first call begun.
/// The trace must outlive it. Refuses what ModuleRun::make and restore_snapshot refuse.
core::Result<RecordedRun> open_recorded(const trace::Trace& trace, const RunRequest& request,
                                        const EngineFactory& engine,
                                        std::optional<std::size_t> snapshot);

}  // namespace isotrace::wasm
