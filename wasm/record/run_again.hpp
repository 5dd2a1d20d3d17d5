// Executes a recorded run anew on some engine, so that the recording can be compared with it.
#pragma once

#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::wasm {

/// A trace of the run that the engine makes with the recorded answers of the host, up to the first
/// checkpoint that comes out otherwise, which is its last state then. The root is the recording's
/// if none does, else zero. Tensor steps are taken over as they are recorded. `request`: from
/// request_of. Refuses what ModuleRun::make refuses.
core::Result<trace::Trace> run_again(const trace::Trace& trace, const RunRequest& request,
                                     const EngineFactory& engine);

}  // namespace isotrace::wasm
