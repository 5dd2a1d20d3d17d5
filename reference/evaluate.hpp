// The meaning of every tensor operation, as one plain loop each. This is the definition that every
// backend must reproduce bit for bit (docs/numerics.md, docs/spec).
#pragma once

#include <vector>

#include <isotrace/core/program.hpp>

namespace isotrace::reference {

/// Evaluates one node on its operands; returns one tensor per entry of node.outputs (an output that
/// is no_value still has its tensor). Refuses shape_mismatch, operation_dtype_unsupported,
/// operation_attribute_invalid, operand_value_invalid (an index out of range, an integer divisor of
/// zero), program_ill_formed (arity or attributes that ops.def does not allow), limit_exceeded and
/// backend_operation_unsupported (control flow: a node alone has no backend to run its programs
/// on); `where` starts with the operation's ONNX name. The caller holds a core::FloatEnvironment.
core::Result<std::vector<core::Tensor>> evaluate(const core::Node& node, core::Operands operands);

}  // namespace isotrace::reference
