// Operations that give their operand another shape and nothing else: the executor lets the result
// share the operand's elements, and no backend sees them (internal to the executor).
#pragma once

#include <optional>

#include <isotrace/core/program.hpp>

namespace isotrace::executor {

/// Whether it is one of these operations.
bool changes_shape_only(core::Op op);
/// Whether the operation looks at type and shape of operand 0 alone, not at its elements.
bool reads_shape_only(core::Op op);

/// The shape that the one result has, with the elements of operand 0; nothing if the node does
/// anything else, or is not well-formed: then its backend answers.
std::optional<core::Shape> find_changed_shape(const core::Node& node, core::Operands operands);

}  // namespace isotrace::executor
