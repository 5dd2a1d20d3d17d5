// The reference, putting what it does into a stream of effects: the definition of that stream.
#pragma once

#include <set>
#include <unordered_map>

#include <isotrace/wasm/effect_stream.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::wasm {

/// A stretch is straight code up to the next opcode of control. Loads, stores and what else reaches
/// beyond the frame stand in the stream as they happen; the end of a stretch is its opcode's offset
/// and the locals that were set.
class EffectStepper final : public Engine {
 public:
  /// The table is of the module that is executed; all must outlive the engine.
  EffectStepper(Store& store, EffectStream& stream, const CodeTable& code)
      : store_(store), stream_(stream), code_(code), stepper_(store) {}

  core::Result<core::Done> begin(Address function, std::span<const Slot> arguments) override;
  bool run_to_suspend_point(std::uint64_t steps_min) override;
  [[nodiscard]] const Execution& state() override { return stepper_.state(); }
  [[nodiscard]] std::uint64_t steps() const override { return stepper_.steps(); }
  void restore(const Execution& state) override;

 private:
  [[nodiscard]] bool at_suspend_point(Opcode opcode);
  void execute(const CodeTable::Entry& entry);
  void execute_access(const CodeTable::Entry& entry);
  void execute_noted(const CodeTable::Entry& entry);
  void execute_control(const CodeTable::Entry& entry);
  void end_stretch(std::uint32_t pc);
  void put_values(std::span<const Slot> values, std::span<const ValueType> types);
  [[nodiscard]] const Module& module() const { return *store_.instances[instance_].module; }
  [[nodiscard]] const Function& function() {
    return module().functions[store_.functions[stepper_.state().frames.back().function].index];
  }
  [[nodiscard]] const FunctionType& callee_type(const Instruction& call) const;

  Store& store_;
  EffectStream& stream_;
  const CodeTable& code_;
  Stepper stepper_;
  Address instance_ = 0;                                                  ///< that executes
  std::unordered_map<const Function*, std::vector<std::uint8_t>> bytes_;  ///< of locals
  std::set<std::uint32_t> changed_;  ///< locals of the innermost frame, in this stretch
};

}  // namespace isotrace::wasm
