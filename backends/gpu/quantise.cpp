// Contractions of bytes (docs/spec/quantise.md): bytes less their zero points, exact sums, and for
// the QLinear forms one requantisation.
#include <isotrace/backends/cpu/quantised_operands.hpp>
#include <isotrace/backends/gpu/byte_product.hpp>
#include <isotrace/backends/gpu/kernels/quantise.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/backends/gpu/spaces.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/quantise.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::TensorView;

/// As docs/spec/quantise.md: one element broadcasts to everything, a list to the rows or, with
/// `columns`, to the columns of a matrix; anything else as it is.
Shape parameter_shape(const TensorView& parameter, bool columns) {
  if (parameter.elements() == 1) return {};
  if (parameter.rank() == 1 && !columns) return {parameter.dim(0), 1};
  return {parameter.shape().begin(), parameter.shape().end()};
}

/// One value, or one per channel of `rank` axes from the channel's on.
core::Result<Shape> channel_shape(const TensorView* parameter, std::int64_t channels,
                                  std::size_t rank) {
  if (parameter == nullptr || parameter->elements() == 1) return Shape{};
  if (parameter->rank() != 1 || parameter->dim(0) != channels) {
    return reference::refuse_shape("parameter of channels");
  }
  Shape shape(rank, 1);
  shape[0] = channels;
  return shape;
}

core::Result<core::Done> check_single(const TensorView* parameter) {
  if (parameter == nullptr || parameter->elements() == 1) return core::Done{};
  return reference::refuse_shape("parameter of a tensor");
}

/// An operand less its zero point, and the greatest magnitude that any element of its type has so.
struct Centred {
  Array values;
  std::int64_t magnitude_max;
};

/// The zero point broadcasts to x as `shape`.
core::Result<Centred> centre(DeviceCall& call, std::size_t index, std::size_t zeros_index,
                             const Shape& shape) {
  ISOTRACE_TRY(const Array x, call.operand(index));
  if (!cpu::is_byte(x.dtype)) return reference::refuse_dtype(x.dtype);
  const TensorView* zeros = call.call.find_operand(zeros_index);
  std::vector<std::int32_t> values = {0};
  std::optional<Array> on_device;
  if (zeros != nullptr) {
    ISOTRACE_TRY_DONE(reference::check_same_dtype(call.call.operand(index), *zeros));
    ISOTRACE_TRY_DONE(reference::check_broadcastable(shape, x.shape));
    ISOTRACE_TRY(const auto numbers, reference::read_small_integers(*zeros));
    values.assign(numbers.begin(), numbers.end());
    ISOTRACE_TRY(on_device, call.operand(zeros_index));
  }
  ISOTRACE_TRY(Array out, call.work.make(Dtype::i16, x.shape));
  if (out.elements != 0) {
    ISOTRACE_TRY(const auto space,
                 make_space<2>(x.shape, {reference::row_major_strides(x.shape),
                                         reference::broadcast_strides(shape, x.shape)}));
    ISOTRACE_TRY_DONE(call.work.launch_each(
        "centre", Centre::Arguments{out.elements, x.data<std::uint8_t>(),
                                    on_device ? on_device->data<std::uint8_t>() : nullptr,
                                    x.dtype == Dtype::i8, out.data<std::int16_t>(), space}));
  }
  return Centred{std::move(out), cpu::magnitude_max(x.dtype, values)};
}

/// Refuses limit_exceeded if so many products and an addend could leave i32.
core::Result<core::Done> check_accumulator(const Centred& a, const Centred& b, std::int64_t depth,
                                           std::int64_t addend_max) {
  if (cpu::fits_accumulator(a.magnitude_max * b.magnitude_max, depth, addend_max)) {
    return core::Done{};
  }
  return reference::refuse_value("sums could leave i32");  // judged by the reference
}

/// Segments say nothing about integers, but split long sums.
constexpr std::int64_t integer_segment = 4096;

Made integer_matmul(DeviceCall& call, const MatmulOperands& at) {
  ISOTRACE_TRY(const auto product, multiply_bytes(call, at));
  if (product) return *product;
  const auto shape_of = [&](std::size_t zeros, bool columns) {
    const TensorView* parameter = call.call.find_operand(zeros);
    return parameter == nullptr ? Shape{} : parameter_shape(*parameter, columns);
  };
  ISOTRACE_TRY(const auto shape, reference::matmul_shape(call.call.operand(at.a).shape(),
                                                         call.call.operand(at.b).shape()));
  ISOTRACE_TRY(const Centred a, centre(call, at.a, at.a_zeros, shape_of(at.a_zeros, false)));
  ISOTRACE_TRY(const Centred b, centre(call, at.b, at.b_zeros, shape_of(at.b_zeros, true)));
  ISOTRACE_TRY_DONE(check_accumulator(a, b, shape.k, 0));
  return multiply_matrices<Integers>(call.work, a.values, b.values, integer_segment, {});
}

core::Result<Bias> read_bias(DeviceCall& call, std::size_t index, std::int64_t outputs) {
  Bias bias;
  const TensorView* view = call.call.find_operand(index);
  if (view == nullptr) return bias;
  if (view->dtype() != Dtype::i32) return reference::refuse_dtype(view->dtype());
  if (view->rank() != 1 || view->dim(0) != outputs) return reference::refuse_shape("bias");
  for (const std::int64_t value : view->data<std::int32_t>()) {
    bias.magnitude_max = std::max(bias.magnitude_max, value < 0 ? -value : value);
  }
  ISOTRACE_TRY(bias.values, call.operand(index));
  return bias;
}

Made integer_conv(DeviceCall& call, const ConvOperands& at) {
  const TensorView& x_view = call.call.operand(at.x);
  const TensorView& w_view = call.call.operand(at.w);
  ISOTRACE_TRY(const auto geometry,
               reference::conv_geometry(call.node(), x_view.shape(), w_view.shape()));
  ISOTRACE_TRY_DONE(check_single(call.call.find_operand(at.x_zeros)));
  ISOTRACE_TRY(const Shape w_shape,
               channel_shape(call.call.find_operand(at.w_zeros), w_view.dim(0), w_view.rank()));
  ISOTRACE_TRY(const Bias bias, read_bias(call, at.bias, geometry.output[1]));
  ISOTRACE_TRY(const auto product, convolve_bytes(call, at, geometry, bias));
  if (product) return *product;
  ISOTRACE_TRY(const Centred x, centre(call, at.x, at.x_zeros, {}));
  ISOTRACE_TRY(const Centred w, centre(call, at.w, at.w_zeros, w_shape));
  const auto depth =
      static_cast<std::int64_t>(reference::product(w_view.shape(), 1, w_view.rank()));
  ISOTRACE_TRY_DONE(check_accumulator(x, w, depth, bias.magnitude_max));
  return convolve<Integers, ImageColumns>(
      call.work, geometry, x.values, w.values, integer_segment,
      {channel_addend<std::uint32_t>(bias.values ? &*bias.values : nullptr, geometry)});
}

/// Operands with scales and the zero point of a result, and how they broadcast to its sums.
struct Requantisation {
  std::size_t a_scale;
  Shape a_shape;
  std::size_t b_scale;
  Shape b_shape;
  std::size_t y_scale;
  std::size_t y_zeros;
  Shape y_shape;
};

Made requantise(DeviceCall& call, const Array& sums, const Requantisation& by) {
  const Dtype to = call.call.operand(by.y_zeros).dtype();
  if (!cpu::is_byte(to)) return reference::refuse_dtype(to);
  ISOTRACE_TRY(const auto a_values, reference::read_scales(call.call.operand(by.a_scale)));
  ISOTRACE_TRY(const auto b_values, reference::read_scales(call.call.operand(by.b_scale)));
  ISOTRACE_TRY(const auto y_values, reference::read_scales(call.call.operand(by.y_scale)));
  ISOTRACE_TRY(const auto zeros, reference::read_small_integers(call.call.operand(by.y_zeros)));
  if (zeros.size() != y_values.size()) return reference::refuse_shape("scale and zero point");
  for (const Shape* shape : {&by.a_shape, &by.b_shape, &by.y_shape}) {
    ISOTRACE_TRY_DONE(reference::check_broadcastable(*shape, sums.shape));
  }
  ISOTRACE_TRY(const Array a, call.work.send(a_values));
  ISOTRACE_TRY(const Array b, call.work.send(b_values));
  ISOTRACE_TRY(const Array y, call.work.send(y_values));
  ISOTRACE_TRY(const Array y_zeros,
               call.work.send(std::vector<std::int32_t>(zeros.begin(), zeros.end())));
  ISOTRACE_TRY(Array out, call.work.make(to, sums.shape));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<3>(sums.shape, {reference::broadcast_strides(by.a_shape, sums.shape),
                                          reference::broadcast_strides(by.b_shape, sums.shape),
                                          reference::broadcast_strides(by.y_shape, sums.shape)}));
  const cpu::ByteRange range = cpu::byte_range(to);
  ISOTRACE_TRY_DONE(call.work.launch_each(
      "requantise",
      Requantise::Arguments{out.elements, sums.data<std::int32_t>(), a.data<float>(),
                            b.data<float>(), y.data<float>(), y_zeros.data<std::int32_t>(),
                            range.low, range.high, out.data<std::uint8_t>(), space}));
  return out;
}

Made qlinear_matmul(DeviceCall& call) {
  ISOTRACE_TRY(const Array sums, integer_matmul(call, {0, 2, 3, 5}));
  ISOTRACE_TRY(const auto shape,
               reference::matmul_shape(call.call.operand(0).shape(), call.call.operand(3).shape()));
  Shape matrices = shape.batch;
  matrices.insert(matrices.end(), {shape.m, shape.n});
  const Requantisation by = {1,
                             parameter_shape(call.call.operand(1), false),
                             4,
                             parameter_shape(call.call.operand(4), true),
                             6,
                             7,
                             parameter_shape(call.call.operand(6), false)};
  ISOTRACE_TRY(const Array y, requantise(call, sums.reshaped(std::move(matrices)), by));
  return y.reshaped(sums.shape);
}

Made qlinear_conv(DeviceCall& call) {
  ISOTRACE_TRY(const Array sums, integer_conv(call, {0, 2, 3, 5, 8}));
  for (const std::size_t index : {1U, 6U, 7U}) {
    ISOTRACE_TRY_DONE(check_single(&call.call.operand(index)));
  }
  ISOTRACE_TRY(Shape w_shape,
               channel_shape(&call.call.operand(4), sums.shape[1], sums.shape.size() - 1));
  return requantise(call, sums, {1, {}, 4, std::move(w_shape), 6, 7, {}});
}

}  // namespace

Results run_quantised(DeviceCall& call) {
  constexpr std::size_t none = SIZE_MAX;
  switch (call.node().op) {
    case Op::matmul_integer: return one(integer_matmul(call, {0, 2, 1, 3}));
    case Op::conv_integer: return one(integer_conv(call, {0, 2, 1, 3, none}));
    case Op::qlinear_matmul: return one(qlinear_matmul(call));
    default: return one(qlinear_conv(call));
  }
}

}  // namespace isotrace::backends::gpu
