// Batch and layer normalisation and softmax in f32, row by row (docs/spec/normalise.md).
#include <cmath>

#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/row_sums.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::TensorView;

core::Result<core::Tensor> make_like(const TensorView& x) {
  return core::Tensor::make_for_overwrite(core::Dtype::f32, {x.shape().begin(), x.shape().end()});
}

/// Whether a parameter has one element per element of a row, the axes from `first` on.
bool is_row(const TensorView& parameter, const TensorView& x, std::size_t first) {
  const std::size_t rank = x.rank() - first;
  return parameter.rank() == rank &&
         std::ranges::equal(parameter.shape(), x.shape().subspan(first));
}

/// As many rows as are worth a task.
Index rows_together(Index length) { return std::max<Index>(1, piece_elements / length); }

}  // namespace

Outcome run_batch_normalization(const core::Node& node, core::Operands operands,
                                const Engine& engine) {
  const bool regular = is_f32_call(node, operands) && operands[0]->rank() >= 3;
  if (!regular) return run_reference(node, operands, engine.pool);
  const TensorView& x = *operands[0];
  const Index channels = x.dim(1);
  for (const auto& parameter : operands.subspan(1)) {
    if (parameter->rank() != 1 || parameter->dim(0) != channels) {
      return reference::evaluate(node, operands);
    }
  }
  auto out = make_like(x);
  if (!out || out->elements() == 0) return reference::evaluate(node, operands);
  const Index plane = static_cast<Index>(reference::product(x.shape(), 2, x.rank()));
  const auto parameter = [&](std::size_t i) { return operands[i]->data<float>().data(); };
  const float epsilon = node.real("epsilon");
  const float* from = x.data<float>().data();
  float* to = out->data<float>().data();
  run_pieces(engine.pool, x.dim(0) * channels, rows_together(plane), [&](Index at, Index count) {
    for (Index row = at; row < at + count; ++row) {
      const Index channel = row % channels;
      const float r = 1.0F / std::sqrt(parameter(4)[channel] + epsilon);
      engine.vectors.normalise({from + row * plane, to + row * plane, plane, parameter(3) + channel,
                                &r, parameter(1) + channel, parameter(2) + channel});
    }
  });
  return one_tensor(*std::move(out));
}

Outcome run_layer_normalization(const core::Node& node, core::Operands operands,
                                const Engine& engine) {
  if (!is_f32_call(node, operands)) return run_reference(node, operands, engine.pool);
  const TensorView& x = *operands[0];
  const auto first = reference::resolve_axis(node.integer("axis"), x.rank());
  const bool with_bias = operands.size() > 2 && operands[2];
  if (!first || !is_row(*operands[1], x, *first) ||
      (with_bias && !is_row(*operands[2], x, *first))) {
    return reference::evaluate(node, operands);
  }
  auto out = make_like(x);
  if (!out || out->elements() == 0) return reference::evaluate(node, operands);
  const Index length = static_cast<Index>(operands[1]->elements());
  const float* scale = operands[1]->data<float>().data();
  const float* bias = with_bias ? operands[2]->data<float>().data() : nullptr;
  const float epsilon = node.real("epsilon");
  const float* from = x.data<float>().data();
  float* to = out->data<float>().data();
  const auto n = static_cast<float>(length);
  const auto run_row = [&](const float* row, float* d) {
    const float mean = sum_row(engine.vectors, row, length) / n;
    engine.vectors.sub({row, &mean, d, length, false, true});
    const float variance = sum_row_of_squares(engine.vectors, d, length) / n;
    const float r = 1.0F / std::sqrt(variance + epsilon);
    engine.vectors.affine({d, r, scale, bias, d, length});
  };
  run_pieces(engine.pool, static_cast<Index>(x.elements()) / length, rows_together(length),
             [&](Index at, Index count) {
               for (Index row = at; row < at + count; ++row) {
                 run_row(from + row * length, to + row * length);
               }
             });
  return one_tensor(*std::move(out));
}

Outcome run_softmax(const core::Node& node, core::Operands operands, const MathFunctions& functions,
                    const Engine& engine) {
  if (!is_f32_call(node, operands)) return run_reference(node, operands, engine.pool);
  const TensorView& x = *operands[0];
  const auto first = reference::resolve_axis(node.integer("axis"), x.rank());
  if (!first) return reference::evaluate(node, operands);
  const std::size_t end = node.integer("flatten") != 0 ? x.rank() : *first + 1;
  if (reference::product(x.shape(), end, x.rank()) != 1) return reference::evaluate(node, operands);
  auto out = make_like(x);
  if (!out || out->elements() == 0) return reference::evaluate(node, operands);
  const Index length = static_cast<Index>(reference::product(x.shape(), *first, end));
  const float* from = x.data<float>().data();
  float* to = out->data<float>().data();
  const VectorKernels& vectors = engine.vectors;
  const auto run_row = [&](const float* row, float* y) {
    const float greatest = vectors.greatest(row, length);
    vectors.sub({row, &greatest, y, length, false, true});
    if (node.op == core::Op::softmax) {
      functions.exp(y, y, static_cast<std::size_t>(length));
      const float sum = sum_row(vectors, y, length);
      vectors.div({y, &sum, y, length, false, true});
    } else {
      std::vector<float> e(static_cast<std::size_t>(length));
      functions.exp(y, e.data(), e.size());
      const float log = reference::log(sum_row(vectors, e.data(), length));
      vectors.sub({y, &log, y, length, false, true});
    }
  };
  // An exponential is worth several additions.
  run_pieces(engine.pool, static_cast<Index>(x.elements()) / length, rows_together(8 * length),
             [&](Index at, Index count) {
               for (Index row = at; row < at + count; ++row) {
                 run_row(from + row * length, to + row * length);
               }
             });
  return one_tensor(*std::move(out));
}

}  // namespace isotrace::backends::cpu
