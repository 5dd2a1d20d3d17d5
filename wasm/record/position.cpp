#include <isotrace/wasm/record/position.hpp>

#include <isotrace/wasm/record/snapshot_store.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::wasm {

using core::Done;
using core::RefusalCode;
using core::Result;

namespace {

/// Steps that the reference takes in less than a millisecond; most code has a suspend point among
/// them.
constexpr std::uint64_t stepped = std::uint64_t{1} << 14;

}  // namespace

Result<std::unique_ptr<Position>> Position::find(const trace::Trace& trace,
                                                 const RunRequest& request,
                                                 const EngineFactory& engine, std::uint64_t step) {
  if (trace.machine.state && step > trace.machine.state->steps) {
    return core::refuse(RefusalCode::trace_step_unknown, "step " + std::to_string(step),
                        "the run has " + std::to_string(trace.machine.state->steps) + " steps");
  }
  std::unique_ptr<Position> position(new Position(trace, request, engine));
  ISOTRACE_TRY_DONE(position->open_before(step));
  ISOTRACE_TRY_DONE(position->step_to(step));
  return position;
}

/// At a suspend point with at most `step` steps, near to it if there is one.
Result<Done> Position::open_before(std::uint64_t step) {
  const std::optional<std::size_t> snapshot = find_snapshot(trace_, step);
  for (std::uint64_t back = stepped;; back *= 16) {
    ISOTRACE_TRY(opened_, open_recorded(trace_, request_, engine_, snapshot));
    if (step - run().engine().steps() <= back) return Done{};
    while (run().run_to_checkpoint(step - back) == ModuleRun::Stop::checkpoint &&
           run().engine().steps() < step - back) {
    }
    // Straight code may lead past the step, and so may the end of a call.
    if (run().engine().steps() <= step) return Done{};
  }
}

Result<Done> Position::step_to(std::uint64_t step) {
  run().change_engine(make_reference_engine);
  stepper_ = static_cast<Stepper*>(&run().engine());
  while (stepper_->steps() < step && settle()) stepper_->run(step);
  settle();
  if (opened_.host->difference()) {
    return core::refuse(RefusalCode::trace_digest_mismatch, "trace", *opened_.host->difference());
  }
  if (stepper_->steps() == step) return Done{};
  return core::refuse(RefusalCode::trace_step_unknown, "step " + std::to_string(step),
                      "the run has " + std::to_string(stepper_->steps()) + " steps");
}

bool settle(ModuleRun& run, Stepper& stepper) {
  for (;;) {
    skip_markers(run.store(), stepper);
    const Status status = stepper.state().status;
    if (status == Status::running) return true;
    if (status == Status::trapped || run.in_last_call()) return false;
    run.begin_next();
  }
}

}  // namespace isotrace::wasm
