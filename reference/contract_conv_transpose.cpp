// ConvTranspose in gather form (docs/spec/contract.md): every output element collects its taps, so
// nothing is added to memory in an order that could vary.
#include <isotrace/reference/contract_window.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {

// [contract.conv_transpose] Tap k of output o reads input i where i * stride + k * dilation =
// o + pad_begin; taps between two inputs are +0 like those outside.
Outcome evaluate_conv_transpose(const Call& call) {
  ISOTRACE_TRY(
      const ConvGeometry geometry,
      conv_transpose_geometry(call.node, call.operand(0).shape(), call.operand(1).shape()));
  ISOTRACE_TRY(const WindowOperands operands, check_window_operands(call, geometry));
  const std::size_t taps = product(operands.w.shape(), 2, operands.w.rank());
  const WeightStrides strides = {taps, static_cast<std::size_t>(geometry.group_outputs) * taps};
  auto locate = [](const WindowAxis& axis, std::int64_t output, std::int64_t tap) {
    const std::int64_t place = output + axis.pad_begin - tap * axis.dilation;
    return place >= 0 && place % axis.stride == 0 ? place / axis.stride : std::int64_t{-1};
  };
  return one(visit_floats(operands.x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return WindowContraction<T, decltype(locate)>(geometry, operands, strides, locate)
        .run(operands.x.dtype());
  }));
}

}  // namespace isotrace::reference
