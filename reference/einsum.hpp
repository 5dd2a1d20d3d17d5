// What an Einsum equation means for operands of given shapes (docs/spec/algebra.md). Executors
// infer the result's shape with it, the reference computes with it.
#pragma once

#include <string_view>

#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

struct EinsumPlan {
  core::Shape output;            ///< sizes of the result's axes
  core::Shape summed;            ///< sizes of the axes summed over, outermost first
  std::vector<Strides> strides;  ///< per operand: over the axes of output, then those of summed
};

/// Refuses operation_attribute_invalid for an equation that is none or does not name every axis,
/// shape_mismatch for sizes that do not fit.
core::Result<EinsumPlan> plan_einsum(std::string_view equation, std::span<const Dims> operands);

}  // namespace isotrace::reference
