#include <isotrace/wasm/record/effect_digest.hpp>

#include <isotrace/wasm/effect_stepper.hpp>
#include <isotrace/wasm/fast/engine.hpp>
#include <isotrace/wasm/record/open_recorded.hpp>

namespace isotrace::wasm {

EngineFactory noting_engine(NotingEngine kind, EffectStream& stream, const CodeTable& code) {
  return [kind, &stream, &code](Store& store) -> std::unique_ptr<Engine> {
    if (kind == NotingEngine::fastest) return std::make_unique<FastEngine>(store, stream, code);
    return std::make_unique<EffectStepper>(store, stream, code);
  };
}

core::Result<EffectStream::Summary> digest_recorded_effects(const trace::Trace& trace,
                                                            const RunRequest& request,
                                                            NotingEngine kind) {
  EffectStream stream;
  const CodeTable code(*request.module);
  const EngineFactory engine = noting_engine(kind, stream, code);
  ISOTRACE_TRY(const RecordedRun opened, open_recorded(trace, request, engine, std::nullopt));
  while (opened.run->run_to_checkpoint() == ModuleRun::Stop::checkpoint) {
  }
  return stream.finish(request.program);
}

}  // namespace isotrace::wasm
