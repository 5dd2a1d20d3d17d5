// Reductions in f32 over axes that lie side by side: rows of [outer][length][inner].
#include <limits>

#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/row_sums.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/core/convert.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Op;
using core::TensorView;

struct Blocks {
  Index outer;
  Index length;
  Index inner;
  core::Shape output;
};

/// Nothing if the axes do not lie side by side or a row has no elements.
std::optional<Blocks> find_blocks(const core::Node& node, const TensorView& x,
                                  std::span<const std::int64_t> named) {
  std::vector<std::size_t> axes;
  if (named.empty()) {
    for (std::size_t axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  } else {
    auto resolved = reference::resolve_axes(named, x.rank());
    if (!resolved) return std::nullopt;
    axes = *std::move(resolved);
  }
  if (axes.empty() || axes.back() - axes.front() + 1 != axes.size()) return std::nullopt;
  const auto count = [&](std::size_t from, std::size_t to) {
    return static_cast<Index>(reference::product(x.shape(), from, to));
  };
  Blocks blocks{count(0, axes.front()), count(axes.front(), axes.back() + 1),
                count(axes.back() + 1, x.rank()),
                reference::reduced_shape(x.shape(), axes, node.integer("keepdims") != 0)};
  if (x.elements() == 0) return std::nullopt;
  return blocks;
}

/// The sums of one block become means where they are asked for.
void finish_sums(const core::Node& node, const Engine& engine, Index length, float* out,
                 Index count) {
  const float divisor = node.op == Op::reduce_mean ? static_cast<float>(length) : 1.0F;
  engine.vectors.div({out, &divisor, out, count, false, true});
}

/// One block [length][inner] to `inner` results.
void reduce_block(const core::Node& node, const Engine& engine, const float* x, Index length,
                  Index inner, float* out) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const VectorKernels& vectors = engine.vectors;
  if (node.op == Op::reduce_sum || node.op == Op::reduce_mean) {
    if (inner == 1) {
      *out = sum_row(vectors, x, length);
    } else {
      sum_matrix_columns(vectors, x, length, inner, out);
    }
    finish_sums(node, engine, length, out, inner);
    return;
  }
  const bool greatest = node.op == Op::reduce_max;
  if (inner == 1) {
    *out = core::canonical(greatest ? vectors.greatest(x, length) : vectors.least(x, length));
    return;
  }
  std::fill_n(out, inner, greatest ? -infinity : infinity);
  for (Index row = 0; row < length; ++row) {
    (greatest ? vectors.max : vectors.min)({out, x + row * inner, out, inner, false, false});
  }
}

}  // namespace

Outcome run_reduction(const core::Node& node, core::Operands operands, const Engine& engine) {
  const bool regular = is_well_formed(node, operands) && node.outputs.size() == 1 &&
                       operands[0]->dtype() == core::Dtype::f32;
  if (!regular) return run_reference(node, operands, engine.pool);
  std::vector<std::int64_t> named;
  if (operands.size() > 1 && operands[1]) {
    auto list = reference::read_integers(*operands[1]);
    if (!list) return reference::evaluate(node, operands);
    named = *std::move(list);
  }
  if (named.empty() && node.integer("noop_with_empty_axes") != 0) {
    return reference::evaluate(node, operands);
  }
  const auto blocks = find_blocks(node, *operands[0], named);
  if (!blocks) return reference::evaluate(node, operands);
  auto out = core::Tensor::make_for_overwrite(core::Dtype::f32, blocks->output);
  if (!out) return reference::evaluate(node, operands);
  const float* x = operands[0]->data<float>().data();
  float* to = out->data<float>().data();
  const Index size = blocks->length * blocks->inner;
  run_pieces(engine.pool, blocks->outer, std::max<Index>(1, piece_elements / size),
             [&](Index at, Index count) {
               for (Index block = at; block < at + count; ++block) {
                 reduce_block(node, engine, x + block * size, blocks->length, blocks->inner,
                              to + block * blocks->inner);
               }
             });
  return one_tensor(*std::move(out));
}

Outcome run_global_pool(const core::Node& node, core::Operands operands, const Engine& engine) {
  if (!is_f32_call(node, operands) || operands[0]->rank() < 3 || operands[0]->elements() == 0) {
    return run_reference(node, operands, engine.pool);
  }
  const TensorView& x = *operands[0];
  core::Shape shape(x.rank(), 1);
  shape[0] = x.dim(0);
  shape[1] = x.dim(1);
  auto out = core::Tensor::make_for_overwrite(core::Dtype::f32, std::move(shape));
  if (!out) return reference::evaluate(node, operands);
  const Index plane = static_cast<Index>(reference::product(x.shape(), 2, x.rank()));
  const float* from = x.data<float>().data();
  float* to = out->data<float>().data();
  const bool average = node.op == Op::global_average_pool;
  run_pieces(engine.pool, static_cast<Index>(out->elements()),
             std::max<Index>(1, piece_elements / plane), [&](Index at, Index count) {
               for (Index i = at; i < at + count; ++i) {
                 const float* channel = from + i * plane;
                 to[i] = core::canonical(average ? sum_row(engine.vectors, channel, plane) /
                                                       static_cast<float>(plane)
                                                 : engine.vectors.greatest(channel, plane));
               }
             });
  return one_tensor(*std::move(out));
}

}  // namespace isotrace::backends::cpu
