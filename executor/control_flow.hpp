// Executes the nodes that execute programs (docs/spec/control.md; internal to the executor).
#pragma once

#include <functional>

#include <isotrace/executor/run.hpp>

namespace isotrace::executor {

struct ControlCall {
  const core::Node& node;
  std::span<const ValuePtr> operands;  ///< nullptr for one that is left out
  Spending& spending;
  std::function<Run&(const core::SubProgram&)> run_of;  ///< the run of a program of this node
  std::string path;                                     ///< of the node
  const StepObserver& observer;

  /// Operand that must be there.
  [[nodiscard]] const ValuePtr& operand(std::size_t index) const { return operands[index]; }
  /// A tensor made for this node, whose bytes Spending::check_bytes has allowed.
  [[nodiscard]] ValuePtr own(core::Tensor tensor) const {
    return RunValue::own(std::move(tensor), spending);
  }
};

/// The results. Refuses program_ill_formed (programs that do not fit the
/// node), operand_value_invalid, shape_mismatch, operation_dtype_unsupported, limit_exceeded, and
/// what the steps inside refuse; `where` names the node unless a step inside is named.
core::Result<std::vector<ValuePtr>> execute_control(const ControlCall& call);

}  // namespace isotrace::executor
