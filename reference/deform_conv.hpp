// The shapes of DeformConv.
#pragma once

#include <isotrace/reference/call.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::reference {

/// Every operand but x and the weights has a part per offset group and kernel position.
struct DeformShape {
  ConvGeometry conv;
  std::int64_t offset_groups;
  std::int64_t kernel;  ///< positions
};

/// Refuses operands whose types or shapes do not go together, and unknown attributes.
core::Result<DeformShape> plan_deform_conv(const Call& call);

}  // namespace isotrace::reference
