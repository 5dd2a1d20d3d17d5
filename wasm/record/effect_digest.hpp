// The digest of all effects of a run (docs/formats/effects.md): of one as it happens, or of a
// recorded one, which is executed once more.
#pragma once

#include <isotrace/wasm/effect_stream.hpp>
#include <isotrace/wasm/record/engines.hpp>
#include <isotrace/wasm/record/module_run.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::wasm {

/// Engines that put what they do into a stream.
enum class NotingEngine : std::uint8_t { reference, fastest };
/// The table is of the module that is executed; both must outlive the engine.
EngineFactory noting_engine(NotingEngine kind, EffectStream& stream, const CodeTable& code);

/// Of the whole run. Refuses what open_recorded refuses.
core::Result<EffectStream::Summary> digest_recorded_effects(const trace::Trace& trace,
                                                            const RunRequest& request,
                                                            NotingEngine kind);

}  // namespace isotrace::wasm
