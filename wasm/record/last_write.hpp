// Looks back: which step wrote a byte of memory.
#pragma once

#include <isotrace/wasm/record/position.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::wasm {

/// The last step before step `before` that wrote the byte of memory 0, whether or not that changed
/// it; nothing if only instantiation did, or nobody. Passes over segments in whose snapshots the
/// byte's chunk is not. Refuses what Position::find refuses.
core::Result<std::optional<StepEffect>> find_last_write(const trace::Trace& trace,
                                                        const RunRequest& request,
                                                        const EngineFactory& engine,
                                                        std::uint64_t address,
                                                        std::uint64_t before);

}  // namespace isotrace::wasm
