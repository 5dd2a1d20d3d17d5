#include <isotrace/referee/machine_walk.hpp>

namespace isotrace::referee {
namespace {

/// The latest snapshot that is not behind the checkpoint.
std::optional<std::size_t> find_snapshot(const trace::Trace& trace, std::size_t checkpoint) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < trace.machine.snapshots.size(); ++i) {
    if (trace.machine.snapshots[i].checkpoint <= checkpoint) found = i;
  }
  return found;
}

}  // namespace

core::Result<MachineWalk> MachineWalk::open(const trace::Trace& trace,
                                            const wasm::RunRequest& request,
                                            const wasm::EngineFactory& engine,
                                            std::size_t checkpoint) {
  MachineWalk walk;
  const auto snapshot = find_snapshot(trace, checkpoint);
  ISOTRACE_TRY(walk.opened_, wasm::open_recorded(trace, request, engine, snapshot));
  const std::size_t begin = snapshot ? trace.machine.snapshots[*snapshot].checkpoint : 0;
  for (std::size_t i = begin; i < checkpoint; ++i) walk.run().run_to_checkpoint();
  walk.run().change_engine(wasm::make_reference_engine);
  walk.stepper_ = static_cast<wasm::Stepper*>(&walk.run().engine());
  walk.interval_ = request.interval;
  if (walk.record() != trace.machine.checkpoints[checkpoint].state) {
    return core::refuse(core::RefusalCode::trace_digest_mismatch,
                        "checkpoint " + std::to_string(checkpoint),
                        "the program does not come to it");
  }
  return walk;
}

bool MachineWalk::advance() {
  if (state().status == wasm::Status::running) {
    stepper_->step();
  } else if (state().status == wasm::Status::finished && !run().in_last_call()) {
    run().begin_next();
  } else {
    return false;
  }
  ++position_;
  return true;
}

bool MachineWalk::is_suspend_point() {
  if (state().status != wasm::Status::running) return false;
  const wasm::Frame& frame = state().frames.back();
  const wasm::FunctionInstance& function = run().store().functions[frame.function];
  const wasm::Module& module = run().module();
  return frame.pc == module.functions[function.index].body.begin ||
         module.bytes[frame.pc] == static_cast<std::uint8_t>(wasm::Opcode::loop);
}

void MachineWalk::go_to_next_leaf() {
  const std::uint64_t number = state().steps / interval_ + 1;
  const std::uint64_t due = number > UINT64_MAX / interval_ ? UINT64_MAX : number * interval_;
  for (;;) {
    const std::uint8_t call = run().call();
    if (!advance() || run().call() != call) return;
    if (state().steps >= due && is_suspend_point()) return;
  }
}

}  // namespace isotrace::referee
