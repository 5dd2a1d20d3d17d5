// A recorded run behind one of its checkpoints, executed again opcode by opcode (internal to the
// referee). Positions count opcodes, those that are no steps included, and the beginning of a
// second call as one.
#pragma once

#include <isotrace/wasm/record/position.hpp>

namespace isotrace::referee {

class MachineWalk {
 public:
  /// At the checkpoint, which must come out as it is recorded: refuses trace_digest_mismatch, and
  /// what wasm::open_recorded refuses. All references must outlive the walk.
  static core::Result<MachineWalk> open(const trace::Trace& trace, const wasm::RunRequest& request,
                                        const wasm::EngineFactory& engine, std::size_t checkpoint);

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] trace::StateRecord record() { return opened_.run->record(); }
  [[nodiscard]] wasm::ModuleRun& run() { return *opened_.run; }
  [[nodiscard]] const wasm::Execution& state() { return stepper_->state(); }

  /// One opcode; false at the end of the run.
  bool advance();
  /// Goes to the place of the next checkpoint or to the end.
  void go_to_next_leaf();
  /// Whether the program has asked its host for something that is not recorded.
  [[nodiscard]] bool is_lost() const { return opened_.host->difference().has_value(); }

 private:
  [[nodiscard]] bool is_suspend_point();

  wasm::RecordedRun opened_;
  wasm::Stepper* stepper_ = nullptr;  // the run's engine
  std::uint64_t interval_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace isotrace::referee
