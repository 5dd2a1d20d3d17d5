// MatMul, Gemm, Conv and ConvTranspose (docs/spec/contract.md).
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/core/convert.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;

core::Result<std::int64_t> segment_of(const core::Node& node) {
  const std::int64_t segment = node.integer("k_segment");
  if (segment >= 1) return segment;
  return reference::refuse_attribute("k_segment " + std::to_string(segment));
}

/// alpha or beta; integers need an integer.
template <class Number>
core::Result<Number> factor(const core::Node& node, std::string_view name) {
  const float value = node.real(name);
  if constexpr (is_real<Number>) {
    return static_cast<Number>(value);
  } else {
    const auto whole = core::to_integer<std::int32_t>(value);
    if (static_cast<float>(whole) != value || whole > (1 << 24) || whole < -(1 << 24)) {
      return reference::refuse_attribute(std::string(name) + " is not an integer below 2^24");
    }
    return static_cast<Number>(static_cast<std::int64_t>(whole));
  }
}

template <class Number>
Made gemm(DeviceCall& call, const Array& a, const Array& b) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const std::int64_t segment, segment_of(node));
  const bool a_transposed = node.integer("transA") != 0;
  const bool b_transposed = node.integer("transB") != 0;
  ISOTRACE_TRY(const auto shape,
               reference::gemm_shape(a.shape, b.shape, a_transposed, b_transposed));
  ISOTRACE_TRY(Array c, call.work.make(a.dtype, {shape.m, shape.n}));
  ProductArguments<Plain<Number>, MatrixColumns> p{};
  p.rows = shape.m;
  p.columns = shape.n;
  p.depth = shape.k;
  p.segment = segment;
  p.groups = 1;
  p.a = a.data<Number>();
  p.a_row_stride = a_transposed ? 1 : shape.k;
  p.a_depth_stride = a_transposed ? shape.m : 1;
  p.b = b.data<Number>();
  p.b_columns = b_transposed ? MatrixColumns{1, shape.k} : MatrixColumns{shape.n, 1};
  ISOTRACE_TRY(p.finish.alpha, factor<Number>(node, "alpha"));
  ISOTRACE_TRY(p.finish.beta, factor<Number>(node, "beta"));
  std::optional<Array> addend;  // lives until the launch
  if (call.has(2)) {
    ISOTRACE_TRY(addend, call.wide(2));
    ISOTRACE_TRY_DONE(reference::check_broadcastable(addend->shape, c.shape));
    const Strides strides = reference::broadcast_strides(addend->shape, c.shape);
    p.finish.addend = {addend->data<Number>(), strides[0], strides[1], 0};
  }
  ISOTRACE_TRY_DONE(multiply(call.work, p, Batches{{0}, {0}}, c));
  return c;
}

template <class Number>
Made matmul(DeviceCall& call, const Array& a, const Array& b) {
  ISOTRACE_TRY(const std::int64_t segment, segment_of(call.node()));
  return multiply_matrices<Plain<Number>>(call.work, a, b, segment, {1, 0, {}});
}

/// Integers with a sign have the bits of those without.
Array as_words(const Array& x) {
  Array words = x;
  if (words.dtype == Dtype::i64) words.dtype = Dtype::u64;
  return words;
}

Made product_of(DeviceCall& call) {
  const bool is_gemm = call.node().op == Op::gemm;
  ISOTRACE_TRY(const Array a, call.wide(0));
  ISOTRACE_TRY(const Array b, call.wide(1));
  switch (a.dtype) {
    case Dtype::f32: return is_gemm ? gemm<float>(call, a, b) : matmul<float>(call, a, b);
    case Dtype::f64: return is_gemm ? gemm<double>(call, a, b) : matmul<double>(call, a, b);
    default: break;
  }
  ISOTRACE_TRY(Array c, is_gemm ? gemm<std::uint64_t>(call, as_words(a), as_words(b))
                                : matmul<std::uint64_t>(call, as_words(a), as_words(b)));
  c.dtype = a.dtype;
  return c;
}

/// Weights [inputs, outputs of the group, taps] as [outputs, inputs of the group, taps].
Made turn_weights(Work& work, const Array& w, const reference::ConvGeometry& geometry) {
  const auto taps = static_cast<std::int64_t>(reference::product(w.shape, 2, w.shape.size()));
  const std::int64_t inputs = geometry.group_inputs;
  const std::int64_t outputs = geometry.group_outputs;
  ISOTRACE_TRY(const Array turned,
               work.gather(w, {geometry.groups, outputs, inputs, taps},
                           {inputs * outputs * taps, taps, outputs * taps, 1}, 0));
  Shape shape = w.shape;
  shape[0] = geometry.groups * outputs;
  shape[1] = inputs;
  return turned.reshaped(std::move(shape));
}

template <class Number>
Made conv(DeviceCall& call, const Array& x, const Array& w) {
  using Numbers = Plain<Number>;
  ISOTRACE_TRY(const std::int64_t segment, segment_of(call.node()));
  const bool transposed = call.node().op == Op::conv_transpose;
  ISOTRACE_TRY(const auto geometry,
               transposed ? reference::conv_transpose_geometry(call.node(), x.shape, w.shape)
                          : reference::conv_geometry(call.node(), x.shape, w.shape));
  std::optional<Array> bias;
  if (call.has(2)) {
    ISOTRACE_TRY(bias, call.wide(2));
    if (bias->shape != Shape{geometry.output[1]}) return reference::refuse_shape("bias");
  }
  const typename Numbers::Finish finish = {
      1, 1, channel_addend<Number>(bias ? &*bias : nullptr, geometry)};
  if (!transposed) {
    return convolve<Numbers, ImageColumns>(call.work, geometry, x, w, segment, finish);
  }
  ISOTRACE_TRY(const Array turned, turn_weights(call.work, w, geometry));
  return convolve<Numbers, TransposedColumns>(call.work, geometry, x, turned, segment, finish);
}

Made convolution_of(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const Array w, call.wide(1));
  return visit_real(x.dtype, [&](auto number) { return conv<decltype(number)>(call, x, w); });
}

}  // namespace

Results run_contraction(DeviceCall& call) {
  const Op op = call.node().op;
  const bool product = op == Op::matmul || op == Op::gemm;
  return one(call.narrow(product ? product_of(call) : convolution_of(call)));
}

}  // namespace isotrace::backends::gpu
