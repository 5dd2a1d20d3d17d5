// Operations made of linear pieces, by ReLU. Where an operation takes several ReLUs, their order is
// that of docs/formats/proof.md, because proofs count ReLU elements.
#include <algorithm>
#include <cmath>

#include <isotrace/proofs/search/lowering.hpp>

namespace isotrace::proofs::search {

using core::Done;
using core::Node;
using core::Op;
using core::Shape;
using core::Tensor;

/// In place where nobody else needs the neurons. A ReLU of a ReLU's result gets a layer of its own,
/// as in the checker: slopes are counted.
Lowering::Step Lowering::lower_activation(Activation activation) {
  if (!owns_front()) {
    std::vector<SparseRow> rows;
    for (const std::uint32_t neuron : front_.neurons) rows.push_back({{{neuron, 1}}, 0});
    const Shape shape = front_.shape;
    ISOTRACE_TRY_DONE(add_rows(rows, 0));
    start_front(shape);
  }
  if (network_.layers.empty() || network_.layers.back().activated) {
    ISOTRACE_TRY_DONE(push_identity());
  }
  Layer& layer = network_.layers.back();
  layer.activated = true;
  layer.activated_on.assign(padded(layer.out), 0);
  for (const std::uint32_t neuron : front_.neurons) layer.activated_on[neuron] = 1;
  layer.activation = activation;
  if (activation == Activation::relu) layer.relu_order = front_.neurons;
  bias_open_ = false;
  return Done{};
}

/// The front becomes relu(x), with x in the neurons behind it.
Lowering::Step Lowering::put_relu_beside() {
  std::vector<SparseRow> rows;
  for (int copy = 0; copy < 2; ++copy) {
    for (const std::uint32_t neuron : front_.neurons) rows.push_back({{{neuron, 1}}, 0});
  }
  const Shape shape = front_.shape;
  ISOTRACE_TRY_DONE(add_rows(rows, 0));
  start_front(shape);
  return lower_relu();
}

Lowering::Step Lowering::lower_slopes(const std::vector<double>& slopes) {
  ISOTRACE_TRY_DONE(put_relu_beside());
  const auto size = static_cast<std::uint32_t>(slopes.size());
  std::vector<SparseRow> rows(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    rows[i].weights = {{i, 1 - slopes[i]}, {size + i, slopes[i]}};
  }
  const Shape shape = front_.shape;
  ISOTRACE_TRY_DONE(add_rows(rows, 1));
  start_front(shape);
  return Done{};
}

Lowering::Step Lowering::lower_prelu(const Node& node) {
  const Tensor* slopes = find_f32(node, 1);
  if (front_operand_ != 0 || slopes == nullptr) return unsupported("slopes are not constant");
  ISOTRACE_TRY(const Shape shape, broadcast_shape(slopes->shape(), front_.shape));
  if (shape != front_.shape) return unsupported("slopes enlarge the result");
  std::vector<double> each;
  for (const std::size_t source : broadcast_source(slopes->shape(), shape)) {
    each.push_back(double{slopes->data<float>()[source]});
  }
  return lower_slopes(each);
}

Lowering::Step Lowering::lower_abs() {
  ISOTRACE_TRY_DONE(put_relu_beside());
  const auto size = static_cast<std::uint32_t>(front_.neurons.size());
  std::vector<SparseRow> rows(size);
  for (std::uint32_t i = 0; i < size; ++i) rows[i].weights = {{i, 2}, {size + i, -1}};
  const Shape shape = front_.shape;
  ISOTRACE_TRY_DONE(add_rows(rows, 0));
  start_front(shape);
  return Done{};
}

/// max(x, low) = relu(x - low) + low, and likewise for the upper bound with signs changed.
Lowering::Step Lowering::lower_clip(const Node& node) {
  if (front_operand_ != 0) return unsupported("bounds are not constant");
  const std::size_t size = front_.neurons.size();
  for (const std::size_t operand : {std::size_t{1}, std::size_t{2}}) {
    if (operand >= node.inputs.size() || node.inputs[operand] == core::no_value) continue;
    const Tensor* bound = find_f32(node, operand);
    if (bound == nullptr || bound->elements() != 1) return unsupported("bounds are not scalars");
    const double limit = double{bound->data<float>()[0]};
    if (!std::isfinite(limit)) return unsupported("bounds are not finite");
    const double sign = operand == 1 ? 1 : -1;
    ISOTRACE_TRY_DONE(add_bounds(sign, std::vector<double>(size, sign * limit)));
  }
  return Done{};
}

/// alpha x + beta, whose product and sum round, between 0 and 1.
Lowering::Step Lowering::lower_hard_sigmoid(const Node& node) {
  const std::size_t size = front_.neurons.size();
  bias_open_ = false;
  ISOTRACE_TRY_DONE(add_diagonal(std::vector<double>(size, double{node.real("alpha")}),
                                 std::vector<double>(size, double{node.real("beta")}), 2));
  ISOTRACE_TRY_DONE(add_bounds(1, std::vector<double>(size, 0)));
  return add_bounds(-1, std::vector<double>(size, -1));
}

Lowering::Step Lowering::add_bounds(double sign, const std::vector<double>& bounds) {
  const std::vector<double> signs(bounds.size(), sign);
  std::vector<double> shift;
  std::vector<double> back;
  for (const double bound : bounds) {
    shift.push_back(-bound);
    back.push_back(sign * bound);
  }
  bias_open_ = false;
  ISOTRACE_TRY_DONE(add_diagonal(signs, shift, 0));
  ISOTRACE_TRY_DONE(lower_relu());
  return add_diagonal(signs, back, 0);
}

Lowering::Step Lowering::lower_extremes(const Node& node) {
  Shape shape = front_.shape;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Front* value = find_value(node, i);
    const Tensor* constant = find_f32(node, i);
    if (value == nullptr && constant == nullptr) return unsupported("an operand is not f32");
    ISOTRACE_TRY(shape,
                 broadcast_shape(shape, value != nullptr ? value->shape : constant->shape()));
  }
  const double sign = node.op == Op::max ? 1 : -1;
  std::vector<SparseRow> rows;
  std::vector<std::vector<std::uint32_t>> groups(count(shape));
  for (std::size_t operand = 0; operand < node.inputs.size(); ++operand) {
    const Front* value = find_value(node, operand);
    const Tensor* constant = value == nullptr ? find_f32(node, operand) : nullptr;
    const auto source =
        broadcast_source(value != nullptr ? value->shape : constant->shape(), shape);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i].push_back(static_cast<std::uint32_t>(rows.size()));
      SparseRow row;
      if (value != nullptr) {
        row.weights = {{value->neurons[source[i]], sign}};
      } else {
        row.bias = sign * double{constant->data<float>()[source[i]]};
      }
      rows.push_back(std::move(row));
    }
  }
  ISOTRACE_TRY_DONE(add_rows(rows, 0));
  ISOTRACE_TRY_DONE(add_maxima(std::move(groups)));
  start_front(shape);
  return sign > 0 ? Step(Done{}) : lower_neg();
}

/// A tournament: of each pair (a, b), b + relu(a - b) goes on.
Lowering::Step Lowering::add_maxima(std::vector<std::vector<std::uint32_t>> groups) {
  for (bool first = true;; first = false) {
    std::vector<SparseRow> rows;
    for (const auto& group : groups) {
      for (std::size_t i = 0; i + 1 < group.size(); i += 2) {
        rows.push_back({{{group[i], 1}, {group[i + 1], -1}}, 0});
      }
    }
    const auto pairs = static_cast<std::uint32_t>(rows.size());
    if (pairs == 0 && !first) return Done{};
    for (const auto& group : groups) {
      for (std::size_t i = 0; i < group.size(); i += 2) {
        rows.push_back({{{group[std::min(i + 1, group.size() - 1)], 1}}, 0});
      }
    }
    ISOTRACE_TRY_DONE(add_rows(rows, 0));
    start_front({static_cast<std::int64_t>(pairs)});
    ISOTRACE_TRY_DONE(lower_relu());
    std::vector<SparseRow> sums;
    std::uint32_t pair = 0;
    for (auto& group : groups) {
      std::vector<std::uint32_t> winners;
      for (std::size_t i = 0; i < group.size(); i += 2) {
        const auto number = static_cast<std::uint32_t>(sums.size());
        winners.push_back(number);
        SparseRow row{{{pairs + number, 1}}, 0};
        if (i + 1 < group.size()) row.weights.emplace_back(pair++, 1);
        sums.push_back(std::move(row));
      }
      group = std::move(winners);
    }
    ISOTRACE_TRY_DONE(add_rows(sums, 0));
  }
}

}  // namespace isotrace::proofs::search
