// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear (docs/spec/quantise.md).
#include <isotrace/reference/cast.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/quantise.hpp>

namespace isotrace::reference {
namespace {

/// Which scale an element has. The tensor is seen as [before][axis][inner].
struct ScaleLayout {
  std::size_t axis = 1;
  std::size_t inner = 1;
  std::size_t block = 0;  ///< elements of the axis per scale; 0: as below
  bool per_axis = false;  ///< one scale per position of the axis, else one for all

  [[nodiscard]] std::size_t scale_of(std::size_t element) const {
    const std::size_t position = element / inner % axis;
    if (block == 0) return per_axis ? position : 0;
    const std::size_t blocks = (axis - 1) / block + 1;
    return (element / inner / axis * blocks + position / block) * inner + element % inner;
  }
};

Result<ScaleLayout> blocked_layout(const TensorView& x, const TensorView& scale, std::size_t axis,
                                   std::int64_t block) {
  Shape expected(x.shape().begin(), x.shape().end());
  expected[axis] = expected[axis] == 0 ? 0 : (expected[axis] - 1) / block + 1;
  if (!std::equal(expected.begin(), expected.end(), scale.shape().begin(), scale.shape().end())) {
    return refuse_shape("scale " + core::shape_text(scale.shape()) + ", " +
                        core::shape_text(expected) + " expected");
  }
  return ScaleLayout{static_cast<std::size_t>(x.dim(axis)), product(x.shape(), axis + 1, x.rank()),
                     static_cast<std::size_t>(block), false};
}

bool is_single(const TensorView& tensor) { return tensor.rank() <= 1 && tensor.elements() == 1; }

/// Scale and zero point must have the same shape: a list along the axis, or blocks; or one element
/// each, on one axis or none.
Result<ScaleLayout> scale_layout(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& scale = call.operand(1);
  const TensorView* zero_point = call.find_operand(2);
  if (zero_point != nullptr && !(is_single(scale) && is_single(*zero_point)) &&
      !std::equal(scale.shape().begin(), scale.shape().end(), zero_point->shape().begin(),
                  zero_point->shape().end())) {
    return refuse_shape("scale " + core::shape_text(scale.shape()) + ", zero point " +
                        core::shape_text(zero_point->shape()));
  }
  const std::int64_t block = call.node.integer("block_size");
  if (block < 0) return refuse_attribute("block_size " + std::to_string(block));
  if (block == 0 && is_single(scale)) return ScaleLayout{};
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  if (block != 0) return blocked_layout(x, scale, axis, block);
  if (scale.rank() != 1 || scale.dim(0) != x.dim(axis)) {
    return refuse_shape("scale " + core::shape_text(scale.shape()) + " for " +
                        std::to_string(x.dim(axis)) + " positions");
  }
  return ScaleLayout{static_cast<std::size_t>(x.dim(axis)), product(x.shape(), axis + 1, x.rank()),
                     0, true};
}

/// Zero points of integers; for 8-bit floats they must be zeros.
Result<std::vector<std::int64_t>> read_zero_points(const TensorView* zero_point, Dtype dtype,
                                                   std::size_t count) {
  if (zero_point == nullptr) return std::vector<std::int64_t>(count, 0);
  if (zero_point->dtype() != dtype) return refuse_dtype(zero_point->dtype());
  if (!core::is_float(dtype)) return read_small_integers(*zero_point);
  for (const std::uint8_t bits : zero_point->bytes()) {
    if (core::float8_to_f32(bits, core::float8_format(dtype)) != 0) {
      return refuse_value("a zero point of an 8-bit float that is not zero");
    }
  }
  return std::vector<std::int64_t>(count, 0);
}

/// x / scale for every element: one division, in f32, or in f64 if one of them is i32.
Result<std::vector<double>> divide_by_scales(const TensorView& x, const TensorView& scale,
                                             const ScaleLayout& layout) {
  std::vector<double> quotients(x.elements());
  if (x.dtype() != Dtype::i32 && scale.dtype() != Dtype::i32) {
    ISOTRACE_TRY(const auto values, read_scales(x));
    ISOTRACE_TRY(const auto scales, read_scales(scale));
    for (std::size_t i = 0; i < quotients.size(); ++i) {
      quotients[i] = values[i] / scales[layout.scale_of(i)];
    }
    return quotients;
  }
  const auto read = [](const TensorView& tensor) -> Result<std::vector<double>> {
    if (tensor.dtype() == Dtype::i32) {
      const auto values = tensor.data<std::int32_t>();
      return std::vector<double>(values.begin(), values.end());
    }
    ISOTRACE_TRY(const auto values, read_scales(tensor));
    return std::vector<double>(values.begin(), values.end());
  };
  ISOTRACE_TRY(const auto values, read(x));
  ISOTRACE_TRY(const auto scales, read(scale));
  for (std::size_t i = 0; i < quotients.size(); ++i) {
    quotients[i] = values[i] / scales[layout.scale_of(i)];
  }
  return quotients;
}

/// x - zero point in f32: exact but for i32.
Result<std::vector<float>> centred_elements(const TensorView& x,
                                            const std::vector<std::int64_t>& zero_points,
                                            const ScaleLayout& layout) {
  std::vector<float> centred(x.elements());
  if (core::is_float(x.dtype())) {
    if (core::dtype_bytes(x.dtype()) != 1) return refuse_dtype(x.dtype());
    for (std::size_t i = 0; i < centred.size(); ++i) {
      centred[i] = core::float8_to_f32(x.bytes()[i], core::float8_format(x.dtype()));
    }
    return centred;
  }
  ISOTRACE_TRY(const auto values, read_small_integers(x));
  for (std::size_t i = 0; i < centred.size(); ++i) {
    centred[i] = static_cast<float>(values[i] - zero_points[layout.scale_of(i)]);
  }
  return centred;
}

Shape shape_of(const TensorView& x) { return {x.shape().begin(), x.shape().end()}; }

}  // namespace

// [quantise.quantize_linear]
Outcome evaluate_quantize_linear(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Dtype to, dtype_attribute(call.node, "output_dtype"));
  const bool saturate = call.node.integer("saturate") != 0;
  ISOTRACE_TRY(const ScaleLayout layout, scale_layout(call));
  ISOTRACE_TRY(const auto quotients, divide_by_scales(x, call.operand(1), layout));
  return one(visit_quantised(to, [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(const auto zero_points,
                 read_zero_points(call.find_operand(2), to, call.operand(1).elements()));
    ISOTRACE_TRY(Tensor out, Tensor::make(to, shape_of(x)));
    const auto target = out.data<T>();
    for (std::size_t i = 0; i < target.size(); ++i) {
      if constexpr (std::is_same_v<T, core::Float8<Dtype::f4e2m1>>) {
        target[i] = core::to_float8<Dtype::f4e2m1>(quotients[i] + 0.0);  // the zero point: no -0
      } else if constexpr (is_float8<T>) {
        target[i] = core::to_float8<core::dtype_of<T>>(quotients[i], saturate);
      } else {
        target[i] = integer_element<T>(
            quantise(quotients[i], zero_points[layout.scale_of(i)], integer_range(to)));
      }
    }
    return out;
  }));
}

// [quantise.dequantize_linear]
Outcome evaluate_dequantize_linear(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& scale = call.operand(1);
  ISOTRACE_TRY(const ScaleLayout layout, scale_layout(call));
  ISOTRACE_TRY(const auto scales, read_scales(scale));
  ISOTRACE_TRY(const auto zero_points,
               read_zero_points(call.find_operand(2), x.dtype(), scale.elements()));
  ISOTRACE_TRY(const auto centred, centred_elements(x, zero_points, layout));
  return one(visit_singles(scale.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(Tensor out, Tensor::make(scale.dtype(), shape_of(x)));
    const auto target = out.data<T>();
    for (std::size_t i = 0; i < target.size(); ++i) {
      target[i] = narrow<T>(centred[i] * scales[layout.scale_of(i)]);
    }
    return out;
  }));
}

// [quantise.dynamic_quantize_linear]
Outcome evaluate_dynamic_quantize_linear(const Call& call) {
  const TensorView& x = call.operand(0);
  if (x.dtype() != Dtype::f32) return refuse_dtype(x.dtype());
  float low = 0;
  float high = 0;
  for (const float value : x.data<float>()) {
    low = minimum(low, value);
    high = maximum(high, value);
  }
  constexpr IntegerRange range = {0, 255};
  const float scale = core::canonical((high - low) / 255.0F);
  const float level = 0.0F - low / scale;
  const std::int64_t zero_point = quantise(level, 0, range);
  ISOTRACE_TRY(Tensor y, Tensor::make(Dtype::u8, shape_of(x)));
  std::transform(x.data<float>().begin(), x.data<float>().end(), y.data<std::uint8_t>().begin(),
                 [&](float value) {
                   return static_cast<std::uint8_t>(quantise(value / scale, zero_point, range));
                 });
  std::vector<Tensor> results;
  results.push_back(std::move(y));
  results.push_back(Tensor::of<float>({}, {scale}));
  results.push_back(Tensor::of<std::uint8_t>({}, {static_cast<std::uint8_t>(zero_point)}));
  return results;
}

}  // namespace isotrace::reference
