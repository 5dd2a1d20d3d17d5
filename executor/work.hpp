// What one step costs, from shapes alone (internal to the executor).
#pragma once

#include <isotrace/executor/infer_shapes.hpp>

namespace isotrace::executor {

/// Multiply-adds of contractions and windows, element visits of everything else; saturates. Every
/// shape must be concrete, or its elements_max known.
std::uint64_t estimate_work(const core::Node& node, OperandInfos operands,
                            const std::vector<ValueInfo>& results);

/// Bytes of a value; refuses limit_exceeded for more than a tensor may have. The shape must be
/// concrete, or its elements_max known.
core::Result<std::uint64_t> value_bytes(const ValueInfo& info);

}  // namespace isotrace::executor
