// What classification losses ask of their targets (docs/spec/loss.md).
#pragma once

#include <optional>
#include <vector>

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

/// Per target: the class, or nothing where it is ignored.
using Targets = std::vector<std::optional<std::size_t>>;

/// Those of a call of NegativeLogLikelihoodLoss, whose shapes and attributes are judged with them.
/// Refuses operation_attribute_invalid, operation_dtype_unsupported, shape_mismatch, and
/// operand_value_invalid for a class that does not exist.
Result<Targets> read_loss_targets(const Call& call);

}  // namespace isotrace::reference
