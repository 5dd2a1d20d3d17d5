// A recorded run put at an exact step, from where the reference can go on opcode by opcode. The
// host is the recording.
#pragma once

#include <isotrace/wasm/record/open_recorded.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::wasm {

/// In front of markers, goes behind them; where the finished call is not the last one, begins the
/// next one. False at the end of the run. The stepper is the run's engine.
bool settle(ModuleRun& run, Stepper& stepper);

class Position {
 public:
  /// The state after `step` steps, in front of the opcode that is the next one, or at the end. The
  /// engine goes from the nearest snapshot to a suspend point shortly before, the reference does
  /// the rest. Refuses trace_step_unknown behind the end, trace_digest_mismatch where the program
  /// does not make the calls that are recorded, and what restore_snapshot refuses. All references
  /// must outlive the position.
  static core::Result<std::unique_ptr<Position>> find(const trace::Trace& trace,
                                                      const RunRequest& request,
                                                      const EngineFactory& engine,
                                                      std::uint64_t step);

  [[nodiscard]] ModuleRun& run() { return *opened_.run; }
  [[nodiscard]] Stepper& stepper() { return *stepper_; }
  [[nodiscard]] const Execution& state() { return stepper_->state(); }
  bool settle() { return wasm::settle(run(), *stepper_); }
  /// How the calls of the host differ from the recorded ones, once they do.
  [[nodiscard]] const std::optional<std::string>& difference() const {
    return opened_.host->difference();
  }

 private:
  Position(const trace::Trace& trace, const RunRequest& request, const EngineFactory& engine)
      : trace_(trace), request_(request), engine_(engine) {}
  core::Result<core::Done> open_before(std::uint64_t step);
  core::Result<core::Done> step_to(std::uint64_t step);

  const trace::Trace& trace_;
  const RunRequest& request_;
  const EngineFactory& engine_;
  RecordedRun opened_;
  Stepper* stepper_ = nullptr;  ///< the run's engine
};

}  // namespace isotrace::wasm
