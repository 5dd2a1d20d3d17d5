// The fast engine of isowasm-1: executes code of its own (code.hpp), made from each function when
// it is first called, and has the state of the definition at every suspend point. Never recursive.
#pragma once

#include <memory>

#include <isotrace/wasm/engine.hpp>

namespace isotrace::wasm {

class CodeTable;
class EffectStream;

class FastEngine : public Engine {
 public:
  /// The store must outlive the engine. Other executions may change it only between runs.
  explicit FastEngine(Store& store);
  /// Puts what it does into a stream of effects, as EffectStepper does. The table is of the module
  /// that is executed; all must outlive the engine.
  FastEngine(Store& store, EffectStream& effects, const CodeTable& code);
  ~FastEngine() override;
  FastEngine(const FastEngine&) = delete;
  FastEngine& operator=(const FastEngine&) = delete;

  core::Result<core::Done> begin(Address function, std::span<const Slot> arguments) override;
  bool run_to_suspend_point(std::uint64_t steps_min) override;
  [[nodiscard]] const Execution& state() override;
  [[nodiscard]] std::uint64_t steps() const override;
  void restore(const Execution& state) override;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace isotrace::wasm
