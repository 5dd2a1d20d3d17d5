// Elementwise operations in f32: operands of any shapes that broadcast, along runs that the array
// kernels take.
#include <limits>

#include <isotrace/backends/cpu/elementwise.hpp>

#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Op;
using core::TensorView;

core::Shape shape_of(const TensorView& view) { return {view.shape().begin(), view.shape().end()}; }

/// out = f(a, b), both broadcast to out's shape; out may be a, of the same shape.
void zip(BinaryKernel kernel, const TensorView& a, const TensorView& b, core::Tensor& out,
         ThreadPool& pool) {
  const StridedLoop<2> loop(out.shape(), {reference::broadcast_strides(a.shape(), out.shape()),
                                          reference::broadcast_strides(b.shape(), out.shape())});
  const float* x = a.data<float>().data();
  const float* y = b.data<float>().data();
  float* z = out.data<float>().data();
  const bool a_fixed = loop.inner_strides()[0] == 0;
  const bool b_fixed = loop.inner_strides()[1] == 0;
  loop.run(pool, [&](Index at, const auto& offsets, Index count) {
    kernel({x + offsets[0], y + offsets[1], z + at, count, a_fixed, b_fixed});
  });
}

/// Two operands or more, folded from the left.
Outcome run_fold(BinaryKernel kernel, const core::Node& node, core::Operands operands,
                 const Engine& engine) {
  core::Shape shape;
  for (const auto& operand : operands) {
    if (!operand) return reference::evaluate(node, operands);
    auto both = reference::broadcast_shapes(shape, operand->shape());
    if (!both) return reference::evaluate(node, operands);
    shape = *std::move(both);
  }
  auto out = core::Tensor::make_for_overwrite(core::Dtype::f32, std::move(shape));
  if (!out) return reference::evaluate(node, operands);
  zip(kernel, *operands[0], *operands[1], *out, engine.pool);
  for (const auto& operand : operands.subspan(2)) zip(kernel, *out, *operand, *out, engine.pool);
  return one_tensor(*std::move(out));
}

Outcome run_map(UnaryKernel kernel, const core::Node& node, core::Operands operands,
                const Engine& engine) {
  const TensorView& x = *operands[0];
  const auto parameters = find_parameters(node, operands);
  if (!parameters) return reference::evaluate(node, operands);
  auto out = core::Tensor::make_for_overwrite(core::Dtype::f32, shape_of(x));
  if (!out) return reference::evaluate(node, operands);
  const float* from = x.data<float>().data();
  float* to = out->data<float>().data();
  run_pieces(engine.pool, static_cast<Index>(x.elements()), piece_elements,
             [&](Index at, Index count) {
               kernel({from + at, to + at, count, (*parameters)[0], (*parameters)[1]});
             });
  return one_tensor(*std::move(out));
}

Outcome run_where(const core::Node& node, core::Operands operands, const Engine& engine) {
  const bool regular = is_well_formed(node, operands) && node.outputs.size() == 1 &&
                       operands[0]->dtype() == core::Dtype::boolean &&
                       operands[1]->dtype() == core::Dtype::f32 &&
                       operands[2]->dtype() == core::Dtype::f32;
  if (!regular) return run_reference(node, operands, engine.pool);
  auto shape = reference::broadcast_shapes(operands[1]->shape(), operands[2]->shape());
  if (shape) shape = reference::broadcast_shapes(operands[0]->shape(), *shape);
  if (!shape) return reference::evaluate(node, operands);
  auto out = core::Tensor::make_for_overwrite(core::Dtype::f32, *std::move(shape));
  if (!out) return reference::evaluate(node, operands);
  const auto strides = [&](std::size_t i) {
    return reference::broadcast_strides(operands[i]->shape(), out->shape());
  };
  const StridedLoop<3> loop(out->shape(), {strides(0), strides(1), strides(2)});
  const std::uint8_t* condition = operands[0]->bytes().data();
  const float* a = operands[1]->data<float>().data();
  const float* b = operands[2]->data<float>().data();
  float* to = out->data<float>().data();
  const auto& inner = loop.inner_strides();
  loop.run(engine.pool, [&](Index at, const auto& offsets, Index count) {
    engine.vectors.select({condition + offsets[0], a + offsets[1], b + offsets[2], to + at, count,
                           inner[0] == 0, inner[1] == 0, inner[2] == 0});
  });
  return one_tensor(*std::move(out));
}

}  // namespace

BinaryKernel find_binary(Op op, const VectorKernels& vectors) {
  switch (op) {
    case Op::sum:
    case Op::add: return vectors.add;
    case Op::sub: return vectors.sub;
    case Op::mul: return vectors.mul;
    case Op::div: return vectors.div;
    case Op::max: return vectors.max;
    case Op::min: return vectors.min;
    default: return nullptr;
  }
}

UnaryKernel find_unary(Op op, const VectorKernels& vectors) {
  switch (op) {
    case Op::neg: return vectors.neg;
    case Op::abs: return vectors.abs;
    case Op::reciprocal: return vectors.reciprocal;
    case Op::sqrt: return vectors.sqrt;
    case Op::floor: return vectors.floor;
    case Op::ceil: return vectors.ceil;
    case Op::relu: return vectors.relu;
    case Op::leaky_relu: return vectors.leaky_relu;
    case Op::clip: return vectors.clip;
    case Op::hard_sigmoid: return vectors.hard_sigmoid;
    case Op::softsign: return vectors.softsign;
    default: return nullptr;
  }
}

std::optional<std::array<float, 2>> find_parameters(const core::Node& node,
                                                    core::Operands operands) {
  switch (node.op) {
    case Op::leaky_relu: return {{node.real("alpha"), 0.0F}};
    case Op::hard_sigmoid: return {{node.real("alpha"), node.real("beta")}};
    case Op::clip: break;
    default: return {{0.0F, 0.0F}};
  }
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::array<float, 2> bounds = {-infinity, infinity};
  for (std::size_t i = 1; i < operands.size(); ++i) {
    if (!operands[i]) continue;
    if (operands[i]->elements() != 1 || operands[i]->rank() > 1) return std::nullopt;
    bounds[i - 1] = operands[i]->data<float>()[0];
  }
  return bounds;
}

Outcome run_elementwise(const core::Node& node, core::Operands operands, const Engine& engine) {
  if (node.op == Op::where) return run_where(node, operands, engine);
  if (!is_f32_call(node, operands)) return run_reference(node, operands, engine.pool);
  if (const UnaryKernel kernel = find_unary(node.op, engine.vectors)) {
    return run_map(kernel, node, operands, engine);
  }
  const BinaryKernel kernel = find_binary(node.op, engine.vectors);
  if (kernel == nullptr || operands.size() < 2) return run_reference(node, operands, engine.pool);
  return run_fold(kernel, node, operands, engine);
}

}  // namespace isotrace::backends::cpu
