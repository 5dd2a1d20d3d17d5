// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear (docs/spec/quantise.md).
#include <isotrace/backends/gpu/kernels/quantise.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/quantise.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::TensorView;

bool is_single(const TensorView& tensor) { return tensor.rank() <= 1 && tensor.elements() == 1; }

core::Result<ScaleLayout> scale_layout(DeviceCall& call) {
  const TensorView& x = call.call.operand(0);
  const TensorView& scale = call.call.operand(1);
  const TensorView* zeros = call.call.find_operand(2);
  if (zeros != nullptr && !(is_single(scale) && is_single(*zeros)) &&
      !std::ranges::equal(scale.shape(), zeros->shape())) {
    return reference::refuse_shape("scale and zero point");
  }
  const std::int64_t block = call.node().integer("block_size");
  if (block < 0) return reference::refuse_attribute("block_size");
  if (block == 0 && is_single(scale)) return ScaleLayout{1, 1, 0, false};
  ISOTRACE_TRY(const std::size_t axis,
               reference::resolve_axis(call.node().integer("axis"), x.rank()));
  const auto size = static_cast<std::uint64_t>(x.dim(axis));
  const std::uint64_t inner = reference::product(x.shape(), axis + 1, x.rank());
  Shape expected = {x.dim(axis)};
  if (block != 0) {
    expected.assign(x.shape().begin(), x.shape().end());
    expected[axis] = expected[axis] == 0 ? 0 : (expected[axis] - 1) / block + 1;
  }
  if (!std::ranges::equal(scale.shape(), expected)) return reference::refuse_shape("scale");
  return ScaleLayout{size, inner, static_cast<std::uint64_t>(block), block == 0};
}

/// x / scale or x * scale, both of f32 or both of f64.
Made scale_elements(Work& work, const ScaleLayout& layout, bool divides, const Array& x,
                    const Array& scales) {
  ISOTRACE_TRY(Array out, work.make(x.dtype, x.shape));
  ISOTRACE_TRY_DONE(visit_real(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return work.launch_each(
        of_type("scale_elements", x.dtype),
        typename ScaleElements<Number>::Arguments{out.elements, layout, divides, x.data<Number>(),
                                                  scales.data<Number>(), out.data<Number>()});
  }));
  return out;
}

/// Zero points in i64; those of floats must be zeros, and are not used.
core::Result<std::optional<Array>> zero_points(DeviceCall& call, Dtype dtype) {
  if (!call.has(2)) return std::optional<Array>{};
  const TensorView& zeros = call.call.operand(2);
  if (zeros.dtype() != dtype) return reference::refuse_dtype(zeros.dtype());
  if (core::is_float(dtype)) {
    for (const std::uint8_t bits : zeros.bytes()) {
      if (core::float8_to_f32(bits, core::float8_format(dtype)) != 0) {
        return reference::refuse_value("a zero point of an 8-bit float that is not zero");
      }
    }
    return std::optional<Array>{};
  }
  ISOTRACE_TRY(const Array stored, call.operand(2));
  ISOTRACE_TRY(Array wide, call.work.convert(stored, Dtype::i64));
  return std::optional(std::move(wide));
}

Made make_levels(Work& work, const Array& quotients, const ScaleLayout& layout,
                 const std::optional<Array>& zeros, Dtype to) {
  ISOTRACE_TRY(const Array x, work.convert(quotients, Dtype::f64));
  ISOTRACE_TRY(Array levels, work.make(Dtype::i64, x.shape));
  const reference::IntegerRange range = reference::integer_range(to);
  ISOTRACE_TRY_DONE(work.launch_each(
      "make_levels",
      MakeLevels::Arguments{levels.elements, layout, range.low, range.high, x.data<double>(),
                            zeros ? zeros->data<std::int64_t>() : nullptr,
                            levels.data<std::int64_t>()}));
  return work.convert(levels, to);
}

Made quantize_linear(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const Dtype given, reference::dtype_attribute(call.node(), "output_dtype"));
  ISOTRACE_TRY(const Dtype to, reference::visit_quantised(
                                   given, [given](auto) -> core::Result<Dtype> { return given; }));
  ISOTRACE_TRY(const ScaleLayout layout, scale_layout(call));
  ISOTRACE_TRY(const auto zeros, zero_points(call, to));
  const bool in_f64 = call.dtype() == Dtype::i32 || call.call.operand(1).dtype() == Dtype::i32;
  const Dtype wide = in_f64 ? Dtype::f64 : Dtype::f32;
  ISOTRACE_TRY(const Array stored, call.operand(0));
  ISOTRACE_TRY(const Array stored_scales, call.operand(1));
  ISOTRACE_TRY(const Array x, work.convert(stored, wide));
  ISOTRACE_TRY(const Array scales, work.convert(stored_scales, wide));
  ISOTRACE_TRY(Array quotients, scale_elements(work, layout, true, x, scales));
  if (!core::is_float(to)) return make_levels(work, quotients, layout, zeros, to);
  if (to == Dtype::f4e2m1) {  // the zero point: no -0
    ISOTRACE_TRY(quotients, work.unary(Unary::add, quotients, 0));
    return work.cast(quotients, to, false);
  }
  return work.cast(quotients, to, call.node().integer("saturate") != 0);
}

Made dequantize_linear(DeviceCall& call) {
  Work& work = call.work;
  const Dtype to = call.call.operand(1).dtype();
  ISOTRACE_TRY(const ScaleLayout layout, scale_layout(call));
  ISOTRACE_TRY(const auto zeros, zero_points(call, call.dtype()));
  ISOTRACE_TRY(const Array scales, call.wide(1));
  ISOTRACE_TRY(const Array stored, call.operand(0));
  Array centred = stored;
  if (zeros) {
    ISOTRACE_TRY(const Array x, work.convert(stored, Dtype::i64));
    ISOTRACE_TRY(centred, work.make(Dtype::f32, x.shape));
    ISOTRACE_TRY_DONE(work.launch_each(
        "centre_levels",
        CentreLevels::Arguments{centred.elements, layout, x.data<std::int64_t>(),
                                zeros->data<std::int64_t>(), centred.data<float>()}));
  }
  ISOTRACE_TRY(centred, work.convert(centred, Dtype::f32));
  ISOTRACE_TRY(const Array y, scale_elements(work, layout, false, centred, scales));
  return work.convert(y, to);
}

// Scale and zero point follow from the least and the greatest element and 0, two numbers that the
// host reads.
Results dynamic_quantize_linear(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.operand(0));
  const Array row = x.reshaped({static_cast<std::int64_t>(x.elements)});
  ISOTRACE_TRY(const Array low, work.reduce(Reduction::minimum, row, {0}, 0));
  ISOTRACE_TRY(const Array high, work.reduce(Reduction::maximum, row, {0}, 0));
  ISOTRACE_TRY(const float from, work.read<float>(low, 0));
  ISOTRACE_TRY(const float to, work.read<float>(high, 0));
  const float scale = core::canonical((to - from) / 255.0F);
  const std::int64_t zero = reference::quantise(0.0F - from / scale, 0, {0, 255});
  ISOTRACE_TRY(const Array scale_array, work.number(Dtype::f32, scale));
  ISOTRACE_TRY(const Array zero_array, work.upload(core::Tensor::of<std::int64_t>({}, {zero})));
  const ScaleLayout layout = {1, 1, 0, false};
  ISOTRACE_TRY(const Array quotients, scale_elements(work, layout, true, x, scale_array));
  std::vector<Array> results;
  ISOTRACE_TRY(results.emplace_back(), make_levels(work, quotients, layout, zero_array, Dtype::u8));
  results.push_back(scale_array);
  ISOTRACE_TRY(results.emplace_back(), work.convert(zero_array, Dtype::u8));
  return results;
}

}  // namespace

Results run_quantise_linear(DeviceCall& call) {
  switch (call.node().op) {
    case Op::quantize_linear: return one(quantize_linear(call));
    case Op::dequantize_linear: return one(dequantize_linear(call));
    default: return dynamic_quantize_linear(call);
  }
}

}  // namespace isotrace::backends::gpu
