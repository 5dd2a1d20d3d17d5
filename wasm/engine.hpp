// What an engine of isowasm-1 does, whatever it is inside: it executes functions of a store and can
// stop between two opcodes with the state that the definition gives.
#pragma once

#include <isotrace/wasm/execution.hpp>

namespace isotrace::wasm {

/// Suspend points are where every engine can stop: the running states whose next opcode is `loop`
/// or the first one of a function. Between two of them an execution cannot go on for ever.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Starts a call of the function (a host function ends at once). Refuses
  /// wasm_arguments_mismatch unless there is one slot for each parameter. Steps go on counting.
  virtual core::Result<core::Done> begin(Address function, std::span<const Slot> arguments) = 0;
  /// Goes on to the first suspend point, this state included, at which the execution has taken
  /// `steps_min` steps or more. True: it ended before.
  virtual bool run_to_suspend_point(std::uint64_t steps_min) = 0;
  /// The state; valid until the engine goes on. Only at suspend points, and after the end.
  [[nodiscard]] virtual const Execution& state() = 0;
  /// Steps so far, at suspend points and after the end.
  [[nodiscard]] virtual std::uint64_t steps() const = 0;
  /// Puts the state of another engine at a suspend point or after the end in the place of this
  /// one's; the store must be as it was then.
  virtual void restore(const Execution& state) = 0;
};

}  // namespace isotrace::wasm
