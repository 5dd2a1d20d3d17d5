// Replays the tensor steps of models inside a WebAssembly program: the program runs once more, and
// what it gives to wasi_nn is computed again.
#pragma once

#include <isotrace/core/verdict.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::executor {

/// Judges every tensor step of the trace, where it stands, and every answer of wasi_nn; other calls
/// are answered from the trace. Accepts at once where there is neither. Refuses what
/// ModuleRun::make refuses.
core::Result<core::Verdict> replay_tensors(const trace::Trace& trace,
                                           const wasm::RunRequest& request,
                                           const wasm::EngineFactory& engine,
                                           backends::Backend& backend, const ExecuteLimits& limits);

}  // namespace isotrace::executor
