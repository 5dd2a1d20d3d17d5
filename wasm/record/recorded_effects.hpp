// The effects of any steps of a recorded run: they follow from the program and the recording.
#pragma once

#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/record/effect_log.hpp>
#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::wasm {

struct EffectWindow {
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;  ///< the last step; behind the end: the end
  unsigned threads = 1;
  /// Steps that a thread executes at a time: some tens of milliseconds of the reference.
  std::uint64_t stretch = std::uint64_t{1} << 20;
};

/// Writes the effects of these steps as they would have been written during the run: every thread
/// executes stretches in turn on the reference, and goes to them with the engine. `log` was begun
/// at step `from`; it is finished by the caller. The trace is a complete one. Refuses
/// trace_step_unknown, trace_digest_mismatch where the program does not make the calls that are
/// recorded, and what restore_snapshot refuses.
core::Result<core::Done> log_recorded_effects(const trace::Trace& trace, const RunRequest& request,
                                              const EngineFactory& engine,
                                              const EffectWindow& window, EffectLog& log);

}  // namespace isotrace::wasm
