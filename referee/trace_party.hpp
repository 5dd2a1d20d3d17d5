// An honest party: answers from a trace and, for what the trace does not store, by executing its
// program again. Nothing is answered that the trace's digests contradict.
#pragma once

#include <memory>

#include <isotrace/executor/replay.hpp>
#include <isotrace/referee/party.hpp>
#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::referee {

/// Of a tensor program. `run`: its program, which must be the trace's, and inputs.
std::unique_ptr<Party> make_tensor_party(trace::Trace trace, executor::EmbeddedRun run,
                                         std::unique_ptr<backends::Backend> backend);

/// Of a run of WebAssembly. `engine` goes to checkpoints; single opcodes are the reference's.
std::unique_ptr<Party> make_machine_party(trace::Trace trace, wasm::RunRequest request,
                                          wasm::EngineFactory engine);

}  // namespace isotrace::referee
