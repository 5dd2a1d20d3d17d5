// MatMul, Gemm and Conv (docs/spec/contract.md).
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;

core::Result<std::int64_t> segment_of(const core::Node& node) {
  const std::int64_t segment = node.integer("k_segment");
  if (segment >= 1) return segment;
  return reference::refuse_attribute("k_segment " + std::to_string(segment));
}

Made matmul(DeviceCall& call) {
  ISOTRACE_TRY(const std::int64_t segment, segment_of(call.node()));
  ISOTRACE_TRY(const Array a, call.operand(0));
  ISOTRACE_TRY(const Array b, call.operand(1));
  return multiply_matrices<Floats>(call.work, a, b, segment, {1, 0, {}});
}

Made gemm(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const std::int64_t segment, segment_of(node));
  ISOTRACE_TRY(const Array a, call.operand(0));
  ISOTRACE_TRY(const Array b, call.operand(1));
  const bool a_transposed = node.integer("transA") != 0;
  const bool b_transposed = node.integer("transB") != 0;
  ISOTRACE_TRY(const auto shape,
               reference::gemm_shape(a.shape, b.shape, a_transposed, b_transposed));
  ISOTRACE_TRY(Array c, call.work.make(core::Dtype::f32, {shape.m, shape.n}));
  ProductArguments<Floats, MatrixColumns> p{};
  p.rows = shape.m;
  p.columns = shape.n;
  p.depth = shape.k;
  p.segment = segment;
  p.groups = 1;
  p.a = a.data<float>();
  p.a_row_stride = a_transposed ? 1 : shape.k;
  p.a_depth_stride = a_transposed ? shape.m : 1;
  p.b = b.data<float>();
  p.b_columns = b_transposed ? MatrixColumns{1, shape.k} : MatrixColumns{shape.n, 1};
  p.finish = {node.real("alpha"), node.real("beta"), {}};
  std::optional<Array> addend;  // lives until the launch
  if (call.has(2)) {
    ISOTRACE_TRY(addend, call.operand(2));
    ISOTRACE_TRY_DONE(reference::check_broadcastable(addend->shape, c.shape));
    const Strides strides = reference::broadcast_strides(addend->shape, c.shape);
    p.finish.addend = {addend->data<float>(), strides[0], strides[1], 0};
  }
  ISOTRACE_TRY_DONE(multiply(call.work, p, Batches{{0}, {0}}, c));
  return c;
}

Made conv(DeviceCall& call) {
  ISOTRACE_TRY(const std::int64_t segment, segment_of(call.node()));
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(const Array w, call.operand(1));
  ISOTRACE_TRY(const auto geometry, reference::conv_geometry(call.node(), x.shape, w.shape));
  std::optional<Array> bias;
  if (call.has(2)) {
    ISOTRACE_TRY(bias, call.operand(2));
    if (bias->shape != Shape{geometry.output[1]}) return reference::refuse_shape("bias");
  }
  return convolve<Floats>(call.work, geometry, x, w, segment,
                          {1, 1, channel_addend<float>(bias ? &*bias : nullptr, geometry)});
}

}  // namespace

Results run_contraction(DeviceCall& call) {
  switch (call.node().op) {
    case Op::matmul: return one(matmul(call));
    case Op::gemm: return one(gemm(call));
    default: return one(conv(call));
  }
}

}  // namespace isotrace::backends::gpu
