// One node on its own (internal to the referee).
#pragma once

#include <isotrace/executor/execute.hpp>

namespace isotrace::referee {

using OperandViews = std::span<const std::optional<core::TensorView>>;

/// Records of all its results. Refuses what executor::execute refuses.
core::Result<std::vector<trace::TensorRecord>> execute_alone(const core::Node& node,
                                                             OperandViews operands,
                                                             backends::Backend& backend,
                                                             const executor::ExecuteLimits& limits);

}  // namespace isotrace::referee
