// Contractions of 8-bit integers (docs/spec/quantise.md): operands minus their zero points as i32,
// the exact MatMul or convolution of these, and for the QLinear forms one requantisation. That no
// sum can leave i32 is proved from types, zero points and K before anything is computed, so the
// order of addition cannot matter to any backend.
#include <isotrace/reference/contract_window.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/quantise.hpp>

namespace isotrace::reference {
namespace {

/// A quantised operand: x - zero point as i32, and the greatest magnitude that any x of its type
/// could have there.
struct Centred {
  Tensor values;
  std::int64_t magnitude_max;
};

bool is_byte(Dtype dtype) { return dtype == Dtype::i8 || dtype == Dtype::u8; }

/// The shape under which a parameter broadcasts: one element to everything, a list to the rows or,
/// with `columns`, to the columns of a matrix; anything else as it is.
Shape parameter_shape(const TensorView& parameter, bool columns) {
  if (parameter.elements() == 1) return {};
  if (parameter.rank() == 1 && !columns) return {parameter.dim(0), 1};
  return {parameter.shape().begin(), parameter.shape().end()};
}

/// The zero point, which broadcasts to x as `shape`, or 0.
Result<Centred> centre(const TensorView& x, const TensorView* zero_point, const Shape& shape) {
  if (!is_byte(x.dtype())) return refuse_dtype(x.dtype());
  ISOTRACE_TRY(const auto elements, read_small_integers(x));
  std::vector<std::int64_t> zeros = {0};
  if (zero_point != nullptr) {
    ISOTRACE_TRY_DONE(check_same_dtype(x, *zero_point));
    ISOTRACE_TRY_DONE(check_broadcastable(shape, x.shape()));
    ISOTRACE_TRY(zeros, read_small_integers(*zero_point));
  }
  const IntegerRange range = integer_range(x.dtype());
  std::int64_t magnitude_max = 0;
  for (const std::int64_t zero : zeros) {
    magnitude_max = std::max({magnitude_max, range.high - zero, zero - range.low});
  }
  ISOTRACE_TRY(Tensor values, Tensor::make(Dtype::i32, Shape(x.shape().begin(), x.shape().end())));
  const auto target = values.data<std::int32_t>();
  Odometer at(x.shape());
  at.add_stream(broadcast_strides(shape, x.shape()));
  for (std::size_t i = 0; i < target.size(); ++i) {
    target[i] =
        static_cast<std::int32_t>(elements[i] - zeros[static_cast<std::size_t>(at.offset(0))]);
    at.next();
  }
  return Centred{std::move(values), magnitude_max};
}

/// Refuses limit_exceeded if k products and an addend could leave i32.
Result<core::Done> check_accumulator(const Centred& a, const Centred& b, std::size_t k,
                                     std::int64_t addend_max) {
  constexpr std::int64_t greatest = std::numeric_limits<std::int32_t>::max();
  const std::int64_t product_max = std::max<std::int64_t>(1, a.magnitude_max * b.magnitude_max);
  const std::int64_t room = (greatest - addend_max) / product_max;
  if (addend_max <= greatest && k <= static_cast<std::uint64_t>(room)) return core::Done{};
  return core::refuse(RefusalCode::limit_exceeded, "",
                      "a sum of " + std::to_string(k) + " products could leave i32");
}

/// Scales and zero point of a result, each broadcasting to its accumulators.
struct Requantisation {
  const TensorView& a_scale;
  Shape a_shape;
  const TensorView& b_scale;
  Shape b_shape;
  const TensorView& y_scale;
  const TensorView& y_zero_point;
  Shape y_shape;
};

/// y = clamp(rne((float)sum * ((a_scale * b_scale) / y_scale)) + zero point).
Result<Tensor> requantise(const Tensor& sums, const Requantisation& by) {
  const Dtype to = by.y_zero_point.dtype();
  if (!is_byte(to)) return refuse_dtype(to);
  ISOTRACE_TRY(const auto a_scales, read_scales(by.a_scale));
  ISOTRACE_TRY(const auto b_scales, read_scales(by.b_scale));
  ISOTRACE_TRY(const auto y_scales, read_scales(by.y_scale));
  ISOTRACE_TRY(const auto zeros, read_small_integers(by.y_zero_point));
  if (zeros.size() != y_scales.size()) return refuse_shape("scale and zero point of the result");
  Odometer at(sums.shape());
  for (const Shape* shape : {&by.a_shape, &by.b_shape, &by.y_shape}) {
    ISOTRACE_TRY_DONE(check_broadcastable(*shape, sums.shape()));
    at.add_stream(broadcast_strides(*shape, sums.shape()));
  }
  const auto offset = [&at](std::size_t s) { return static_cast<std::size_t>(at.offset(s)); };
  ISOTRACE_TRY(Tensor out, Tensor::make(to, sums.shape()));
  for (std::size_t i = 0; i < out.elements(); ++i) {
    const float factor = a_scales[offset(0)] * b_scales[offset(1)] / y_scales[offset(2)];
    const float scaled = static_cast<float>(sums.data<std::int32_t>()[i]) * factor;
    const std::int64_t level = quantise(scaled, zeros[offset(2)], integer_range(to));
    out.mutable_bytes()[i] = static_cast<std::uint8_t>(level);  // the low byte, also of i8
    at.next();
  }
  return out;
}

struct MatmulParts {
  const TensorView& a;
  const TensorView* a_zero_point;
  const TensorView& b;
  const TensorView* b_zero_point;
};

/// The exact sums, of the shape that MatMul gives.
Result<Tensor> integer_matmul(const MatmulParts& in) {
  const auto shape_of = [](const TensorView* zero_point, bool columns) {
    return zero_point == nullptr ? Shape{} : parameter_shape(*zero_point, columns);
  };
  ISOTRACE_TRY(const MatmulShape shape, matmul_shape(in.a.shape(), in.b.shape()));
  ISOTRACE_TRY(const Centred a, centre(in.a, in.a_zero_point, shape_of(in.a_zero_point, false)));
  ISOTRACE_TRY(const Centred b, centre(in.b, in.b_zero_point, shape_of(in.b_zero_point, true)));
  ISOTRACE_TRY_DONE(check_accumulator(a, b, static_cast<std::size_t>(shape.k), 0));
  core::Node node{
      .op = core::Op::matmul, .inputs = {}, .outputs = {}, .attributes = {}, .name = {}};
  node.attributes.push_back({"k_segment", std::int64_t{256}});  // says nothing about integers
  const std::optional<TensorView> operands[] = {a.values, b.values};
  ISOTRACE_TRY(std::vector<Tensor> sums, evaluate_matmul(Call{node, operands}));
  return std::move(sums.front());
}

struct ConvParts {
  const TensorView& x;
  const TensorView* x_zero_point;
  const TensorView& w;
  const TensorView* w_zero_point;
  const TensorView* bias;
};

/// One value, or one per output channel of `rank` axes from the channel's on.
Result<Shape> channel_shape(const TensorView* parameter, std::int64_t channels, std::size_t rank) {
  if (parameter == nullptr || parameter->elements() == 1) return Shape{};
  if (parameter->rank() != 1 || parameter->dim(0) != channels) {
    return refuse_shape("parameter " + core::shape_text(parameter->shape()) + " for " +
                        std::to_string(channels) + " channels");
  }
  Shape shape(rank, 1);
  shape[0] = channels;
  return shape;
}

/// Refuses a parameter of the whole tensor that has more than one element.
Result<core::Done> check_single(const TensorView* parameter) {
  if (parameter == nullptr || parameter->elements() == 1) return core::Done{};
  return refuse_shape("parameter " + core::shape_text(parameter->shape()));
}

Result<Tensor> integer_conv(const core::Node& node, const ConvParts& in) {
  ISOTRACE_TRY(const ConvGeometry geometry, conv_geometry(node, in.x.shape(), in.w.shape()));
  ISOTRACE_TRY_DONE(check_single(in.x_zero_point));
  ISOTRACE_TRY(const Shape w_shape, channel_shape(in.w_zero_point, in.w.dim(0), in.w.rank()));
  ISOTRACE_TRY(const Centred x, centre(in.x, in.x_zero_point, {}));
  ISOTRACE_TRY(const Centred w, centre(in.w, in.w_zero_point, w_shape));
  std::int64_t bias_max = 0;
  if (in.bias != nullptr) {
    if (in.bias->dtype() != Dtype::i32) return refuse_dtype(in.bias->dtype());
    if (in.bias->rank() != 1 || in.bias->dim(0) != geometry.output[1]) {
      return refuse_shape("bias " + core::shape_text(in.bias->shape()));
    }
    for (const std::int64_t value : in.bias->data<std::int32_t>()) {
      bias_max = std::max(bias_max, value < 0 ? -value : value);
    }
  }
  ISOTRACE_TRY_DONE(check_accumulator(x, w, product(in.w.shape(), 1, in.w.rank()), bias_max));
  const WindowOperands operands = {x.values, w.values, in.bias, 256};
  const std::size_t taps = product(in.w.shape(), 2, in.w.rank());
  return WindowContraction<std::int32_t, decltype(&locate_conv_input)>(
             geometry, operands, conv_weight_strides(geometry, taps), &locate_conv_input)
      .run(Dtype::i32);
}

}  // namespace

// [quantise.matmul_integer]
Outcome evaluate_matmul_integer(const Call& call) {
  return one(integer_matmul(
      {call.operand(0), call.find_operand(2), call.operand(1), call.find_operand(3)}));
}

// [quantise.qlinear_matmul]
Outcome evaluate_qlinear_matmul(const Call& call) {
  ISOTRACE_TRY(Tensor sums, integer_matmul({call.operand(0), &call.operand(2), call.operand(3),
                                            &call.operand(5)}));
  ISOTRACE_TRY(const MatmulShape shape,
               matmul_shape(call.operand(0).shape(), call.operand(3).shape()));
  const Shape output = sums.shape();
  Shape matrices = shape.batch;
  matrices.insert(matrices.end(), {shape.m, shape.n});
  sums.reshape(std::move(matrices));
  const Requantisation by = {call.operand(1),
                             parameter_shape(call.operand(1), false),
                             call.operand(4),
                             parameter_shape(call.operand(4), true),
                             call.operand(6),
                             call.operand(7),
                             parameter_shape(call.operand(6), false)};
  ISOTRACE_TRY(Tensor y, requantise(sums, by));
  y.reshape(output);
  return one(std::move(y));
}

// [quantise.conv_integer]
Outcome evaluate_conv_integer(const Call& call) {
  return one(integer_conv(call.node, {call.operand(0), call.find_operand(2), call.operand(1),
                                      call.find_operand(3), nullptr}));
}

// [quantise.qlinear_conv]
Outcome evaluate_qlinear_conv(const Call& call) {
  ISOTRACE_TRY(const Tensor sums,
               integer_conv(call.node, {call.operand(0), &call.operand(2), call.operand(3),
                                        &call.operand(5), call.find_operand(8)}));
  for (const std::size_t index : {1U, 6U, 7U}) {
    ISOTRACE_TRY_DONE(check_single(&call.operand(index)));
  }
  ISOTRACE_TRY(Shape w_shape, channel_shape(&call.operand(4), sums.dim(1), sums.rank() - 1));
  const Requantisation by = {
      call.operand(1), {}, call.operand(4), std::move(w_shape), call.operand(6),
      call.operand(7), {}};
  return one(requantise(sums, by));
}

}  // namespace isotrace::reference
