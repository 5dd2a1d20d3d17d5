// Cast and BitCast (docs/spec/elementwise.md), and Pow (docs/spec/math.md).
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/bit_cast.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;

Made cast(DeviceCall& call) {
  ISOTRACE_TRY(const Dtype to, reference::dtype_attribute(call.node(), "to"));
  ISOTRACE_TRY(const Array x, call.operand(0));
  return call.work.cast(x, to, call.node().integer("saturate") != 0);
}

/// Types of whole bytes differ in their name alone. Smaller ones stand in bytes, extended by a sign
/// or zeros as Cast between integers of that size does; f4e2m1 as u4.
Made bit_cast(DeviceCall& call) {
  ISOTRACE_TRY(const Dtype to, reference::bit_cast_dtype(call.node(), call.dtype()));
  ISOTRACE_TRY(Array x, call.operand(0));
  const auto bits_in = [](Dtype dtype) { return dtype == Dtype::f4e2m1 ? Dtype::u4 : dtype; };
  if (to > Dtype::f8e5m2fnuz) {
    x.dtype = bits_in(x.dtype);
    ISOTRACE_TRY(x, call.work.convert(x, bits_in(to)));
  } else if (to == Dtype::boolean && x.dtype != to) {
    x.dtype = Dtype::u8;
    ISOTRACE_TRY(const Array bytes, call.work.widen(x));
    ISOTRACE_TRY(
        const Array greatest,
        call.work.reduce(Reduction::maximum,
                         bytes.reshaped({static_cast<std::int64_t>(bytes.elements)}), {0}));
    ISOTRACE_TRY(const std::uint64_t most, call.work.read<std::uint64_t>(greatest, 0));
    if (most > 1) return reference::refuse_value("a byte that is no boolean");
  }
  x.dtype = to;
  return x;
}

}  // namespace

Results run_cast(DeviceCall& call) {
  return one(call.node().op == core::Op::cast ? cast(call) : bit_cast(call));
}

Results run_power(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const Array y, call.operand(1));
  if (!core::is_float(x.dtype)) {
    return one(call.narrow(call.work.whole_power(x, y, call.dtype())));
  }
  return one(call.narrow(call.work.power(x, y)));
}

}  // namespace isotrace::backends::gpu
