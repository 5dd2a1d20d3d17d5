// Conv (docs/spec/contract.md).
#include <isotrace/reference/contract_window.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {

// [contract.conv] Tap k of output o reads input o * stride - pad_begin + k * dilation.
Outcome evaluate_conv(const Call& call) {
  ISOTRACE_TRY(const ConvGeometry geometry,
               conv_geometry(call.node, call.operand(0).shape(), call.operand(1).shape()));
  ISOTRACE_TRY(const WindowOperands operands, check_window_operands(call, geometry));
  const std::size_t taps = product(operands.w.shape(), 2, operands.w.rank());
  const WeightStrides strides = {static_cast<std::size_t>(geometry.group_inputs) * taps, taps};
  auto locate = [](const WindowAxis& axis, std::int64_t output, std::int64_t tap) {
    return output * axis.stride - axis.pad_begin + tap * axis.dilation;
  };
  return one(visit_floats(operands.x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return WindowContraction<T, decltype(locate)>(geometry, operands, strides, locate)
        .run(operands.x.dtype());
  }));
}

}  // namespace isotrace::reference
