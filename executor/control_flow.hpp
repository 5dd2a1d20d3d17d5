// Executes the nodes that execute programs (docs/spec/control.md; internal to the executor).
#pragma once

#include <functional>

#include <isotrace/executor/run.hpp>

namespace isotrace::executor {

struct ControlCall {
  const core::Node& node;
  std::span<const std::optional<Value>> operands;
  Spending& spending;
  std::function<Run&(const core::SubProgram&)> run_of;  ///< the run of a program of this node
  std::string path;                                     ///< of the node
  const StepObserver& observer;

  /// Operand that must be there.
  [[nodiscard]] const Value& operand(std::size_t index) const { return *operands[index]; }
};

/// The results, whose bytes are taken. Refuses program_ill_formed (programs that do not fit the
/// node), operand_value_invalid, shape_mismatch, operation_dtype_unsupported, limit_exceeded, and
/// what the steps inside refuse; `where` names the node unless a step inside is named.
core::Result<StepResults> execute_control(const ControlCall& call);

}  // namespace isotrace::executor
