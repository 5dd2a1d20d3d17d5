// Conv (docs/spec/contract.md).
#include <isotrace/reference/contract_window.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {

// [contract.conv]
Outcome evaluate_conv(const Call& call) {
  ISOTRACE_TRY(const ConvGeometry geometry,
               conv_geometry(call.node, call.operand(0).shape(), call.operand(1).shape()));
  ISOTRACE_TRY(const WindowOperands operands, check_window_operands(call, geometry));
  const std::size_t taps = product(operands.w.shape(), 2, operands.w.rank());
  return one(visit_floats(operands.x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return WindowContraction<T, decltype(&locate_conv_input)>(
               geometry, operands, conv_weight_strides(geometry, taps), &locate_conv_input)
        .run(operands.x.dtype());
  }));
}

}  // namespace isotrace::reference
