// Operations on each element: Relu, LeakyRelu, PRelu, Abs, Clip, Max and Min, which are made of
// linear pieces and expressed by ReLU, and the curves Sigmoid and Tanh (curve_rule.hpp).
// Relu, Abs, Clip, Max and Min are exact in binary32; LeakyRelu and PRelu round one product.
#include <algorithm>
#include <cmath>

#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::Op;
using core::Result;
using core::Shape;

/// [value, value] with ReLU on the first half: relu(x) and x side by side.
Result<Done> add_relu_beside_value(const NodeAtHand& at, NetworkBuilder& network) {
  std::vector<std::uint32_t> twice = at.value().positions;
  const std::size_t count = twice.size();
  twice.insert(twice.end(), at.value().positions.begin(), at.value().positions.end());
  ISOTRACE_TRY_DONE(network.reserve(at.place, 4 * count, 2 * count));
  network.add_movement(twice);
  network.add_relu(count);
  return Done{};
}

/// x < 0 ? slope x : x = (1 - slope) relu(x) + slope x. Its error, that of one rounded product, is
/// below the error that one rounding of this sum is charged with.
Result<Shape> lower_slopes(const NodeAtHand& at, const std::vector<float>& slopes,
                           NetworkBuilder& network) {
  ISOTRACE_TRY_DONE(add_relu_beside_value(at, network));
  const std::size_t count = slopes.size();
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, 2 * count));
  MatrixBuilder matrix = network.rows();
  for (std::size_t i = 0; i < count; ++i) {
    const double slope = static_cast<double>(slopes[i]);
    matrix.add(i, 1 - slope, -(slope - 1));  // rounded downward and upward
    matrix.add(count + i, slope);
    matrix.end_row();
  }
  network.add_affine(std::move(matrix), {}, 1);
  return at.value().shape;
}

Result<Shape> lower_prelu(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.first_value != 0) return at.unsupported("value is a constant");
  ISOTRACE_TRY(const auto slopes, finite_floats(at, 1));
  const Shape& shape = at.value().shape;
  if (broadcast_shape(at.constant(1)->shape(), shape) != shape) {
    return at.unsupported("slopes do not broadcast");
  }
  std::vector<float> each;
  for (const std::uint32_t source : broadcast_source(at.constant(1)->shape(), shape)) {
    each.push_back(slopes[source]);
  }
  return lower_slopes(at, each, network);
}

/// |x| = 2 relu(x) - x.
Result<Shape> lower_abs(const NodeAtHand& at, NetworkBuilder& network) {
  ISOTRACE_TRY_DONE(add_relu_beside_value(at, network));
  const std::size_t count = at.value().positions.size();
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, 2 * count));
  MatrixBuilder matrix = network.rows();
  for (std::size_t i = 0; i < count; ++i) {
    matrix.add(i, 2);
    matrix.add(count + i, -1);
    matrix.end_row();
  }
  network.add_affine(std::move(matrix), {}, 0);
  return at.value().shape;
}

/// min(max(x, low), high) = -max(-max(x, low), -high).
Result<Shape> lower_clip(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.values != 1 || at.first_value != 0) return at.unsupported("bounds are not constant");
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  for (const std::size_t operand : {std::size_t{1}, std::size_t{2}}) {
    if (at.constant(operand) == nullptr) continue;
    ISOTRACE_TRY(const auto bound, finite_floats(at, operand));
    if (bound.size() != 1) return at.unsupported("bounds are not scalars");
    const double sign = operand == 1 ? 1 : -1;
    const std::vector<double> bounds(at.value().positions.size(),
                                     sign * static_cast<double>(bound[0]));
    ISOTRACE_TRY_DONE(add_bounds(at, sign, bounds, network));
  }
  return at.value().shape;
}

/// min(max(alpha x + beta, 0), 1), of which the product and the sum round.
Result<Shape> lower_hard_sigmoid(const NodeAtHand& at, NetworkBuilder& network) {
  const float alpha = at.node.real("alpha");
  const float beta = at.node.real("beta");
  if (!(std::fabs(alpha) < 0x1p100F && std::fabs(beta) < 0x1p100F)) return at.unsupported("alpha");
  const Interval scale{static_cast<double>(alpha), static_cast<double>(alpha)};
  const std::size_t count = at.value().positions.size();
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  ISOTRACE_TRY_DONE(add_scaling(at, std::vector<Interval>(count, scale),
                                std::vector<double>(count, static_cast<double>(beta)), 2, network));
  ISOTRACE_TRY_DONE(add_bounds(at, 1, std::vector<double>(count, 0.0), network));
  ISOTRACE_TRY_DONE(add_bounds(at, -1, std::vector<double>(count, -1.0), network));
  return at.value().shape;
}

/// The minimum is the negated maximum of the negated values.
Result<Shape> lower_extremes(const NodeAtHand& at, NetworkBuilder& network) {
  Shape shape = at.value().shape;
  for (const Operand& operand : at.operands) {
    const auto wider = broadcast_shape(shape, operand.shape());
    if (!wider) return at.unsupported("shapes do not broadcast");
    shape = *wider;
  }
  ISOTRACE_TRY(const std::size_t count, checked_count(at, shape));
  const bool smallest = at.node.op == Op::min;
  std::vector<std::vector<std::uint32_t>> groups(count);
  const std::size_t rows = count * at.operands.size();
  ISOTRACE_TRY_DONE(network.reserve(at.place, rows, rows));
  MatrixBuilder matrix = network.rows();
  std::vector<double> bias(rows, 0.0);
  for (std::size_t operand = 0; operand < at.operands.size(); ++operand) {
    const auto source = broadcast_source(at.operands[operand].shape(), shape);
    const Value* value = at.operands[operand].value;
    std::span<const float> constants;
    if (value == nullptr) {
      ISOTRACE_TRY(constants, finite_floats(at, operand));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const double sign = smallest ? -1 : 1;
      groups[i].push_back(static_cast<std::uint32_t>(matrix.rows()));
      if (value != nullptr) matrix.add(value->positions[source[i]], sign);
      if (value == nullptr) bias[matrix.rows()] = sign * static_cast<double>(constants[source[i]]);
      matrix.end_row();
    }
  }
  network.add_affine(std::move(matrix), std::move(bias), 0);
  ISOTRACE_TRY_DONE(add_maxima(at, std::move(groups), network));
  if (smallest) {
    ISOTRACE_TRY_DONE(add_scaling(at, std::vector<Interval>(count, {-1, -1}), {}, 0, network));
  }
  return shape;
}

}  // namespace

Result<Shape> lower_piecewise(const NodeAtHand& at, NetworkBuilder& network) {
  const std::size_t count = at.operands[at.first_value].value->positions.size();
  switch (at.node.op) {
    case Op::relu:
    case Op::sigmoid:
    case Op::tanh:
      ISOTRACE_TRY_DONE(bring_to_front(at, network));
      ISOTRACE_TRY_DONE(network.reserve(at.place, count, 0));
      network.add_activation(at.node.op == Op::relu      ? Layer::Kind::relu
                             : at.node.op == Op::sigmoid ? Layer::Kind::sigmoid
                                                         : Layer::Kind::tanh,
                             count);
      return at.value().shape;
    case Op::leaky_relu: {
      const float alpha = at.node.real("alpha");
      if (!(std::fabs(alpha) < 0x1p100F)) return at.unsupported("alpha");
      return lower_slopes(at, std::vector<float>(count, alpha), network);
    }
    case Op::prelu: return lower_prelu(at, network);
    case Op::abs: return lower_abs(at, network);
    case Op::clip: return lower_clip(at, network);
    case Op::hard_sigmoid: return lower_hard_sigmoid(at, network);
    default: return lower_extremes(at, network);
  }
}

Result<Done> add_maxima(const NodeAtHand& at, std::vector<std::vector<std::uint32_t>> groups,
                        NetworkBuilder& network) {
  const auto is_open = [](const auto& group) { return group.size() > 1; };
  bool first = true;  // at least one layer, which puts the results in front
  while (first || std::any_of(groups.begin(), groups.end(), is_open)) {
    first = false;
    std::size_t entries = 0;
    for (const auto& group : groups) entries += 2 * group.size();
    ISOTRACE_TRY_DONE(network.reserve(at.place, 2 * entries, 2 * entries));
    // All differences a - b, then what stays: b of each pair, and elements without a partner.
    MatrixBuilder differences = network.rows();
    for (const auto& group : groups) {
      for (std::size_t i = 0; i + 1 < group.size(); i += 2) {
        differences.add(group[i], 1);
        differences.add(group[i + 1], -1);
        differences.end_row();
      }
    }
    const std::size_t pairs = differences.rows();
    for (const auto& group : groups) {
      for (std::size_t i = 1; i <= group.size(); i += 2) {
        differences.add(group[std::min(i, group.size() - 1)], 1);
        differences.end_row();
      }
    }
    network.add_affine(std::move(differences), {}, 0);
    network.add_relu(pairs);
    MatrixBuilder sums = network.rows();
    std::size_t pair = 0;
    std::size_t stays = pairs;
    for (auto& group : groups) {
      std::vector<std::uint32_t> winners;
      for (std::size_t i = 1; i <= group.size(); i += 2) {
        if (i < group.size()) sums.add(pair++, 1);
        sums.add(stays++, 1);
        winners.push_back(static_cast<std::uint32_t>(sums.rows()));
        sums.end_row();
      }
      group = std::move(winners);
    }
    network.add_affine(std::move(sums), {}, 0);
  }
  return Done{};
}

}  // namespace isotrace::proofs
