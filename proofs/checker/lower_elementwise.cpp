// Add, Sub, Mul, Div with constants, Add and Sub of two values, and Neg: one rounding per element
// (none for Neg).
#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::Result;
using core::Shape;

/// result = scale * h + offset, with scale in [lower, upper].
struct Step {
  double lower = 1;
  double upper = 1;
  double offset = 0;
};

/// value OP constant, or constant OP value.
Result<Step> step_of(const NodeAtHand& at, double constant) {
  const bool value_first = at.first_value == 0;
  switch (at.node.op) {
    case Op::add: return Step{1, 1, constant};
    case Op::sub: return value_first ? Step{1, 1, -constant} : Step{-1, -1, constant};
    case Op::mul: return Step{constant, constant, 0};
    default: break;
  }
  if (!value_first) return at.unsupported("division by a value that is not constant");
  if (constant == 0) return at.unsupported("division by zero");
  // Rounding is downward: the second quotient is the negated lower bound of -1/c.
  return Step{1 / constant, -(-1 / constant), 0};
}

Result<Shape> lower_neg(const NodeAtHand& at, NetworkBuilder& network) {
  const std::size_t count = at.value().positions.size();
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, count));
  MatrixBuilder matrix = network.rows();
  for (const std::uint32_t position : at.value().positions) {
    matrix.add(position, -1);
    matrix.end_row();
  }
  network.add_affine(std::move(matrix), {}, 0);
  return at.value().shape;
}

Result<Shape> lower_two_values(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.node.op != Op::add && at.node.op != Op::sub) {
    return at.unsupported("both operands depend on the input");
  }
  const Value& left = *at.operands[0].value;
  const Value& right = *at.operands[1].value;
  const auto shape = broadcast_shape(left.shape, right.shape);
  if (!shape) return at.unsupported("shapes do not broadcast");
  ISOTRACE_TRY(const std::size_t count, checked_count(at, *shape));
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, 2 * count));
  const auto left_source = broadcast_source(left.shape, *shape);
  const auto right_source = broadcast_source(right.shape, *shape);
  MatrixBuilder matrix = network.rows();
  for (std::size_t i = 0; i < count; ++i) {
    matrix.add(left.positions[left_source[i]], 1);
    matrix.add(right.positions[right_source[i]], at.node.op == Op::add ? 1 : -1);
    matrix.end_row();
  }
  network.add_affine(std::move(matrix), {}, 1);
  return *shape;
}

}  // namespace

Result<Shape> lower_elementwise(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.node.op == Op::neg) return lower_neg(at, network);
  if (at.values == 2) return lower_two_values(at, network);
  const Value& value = at.value();
  const std::size_t other = 1 - at.first_value;
  ISOTRACE_TRY(const auto constant, finite_floats(at, other));
  const auto shape = broadcast_shape(value.shape, at.constant(other)->shape());
  if (!shape) return at.unsupported("shapes do not broadcast");
  ISOTRACE_TRY(const std::size_t count, checked_count(at, *shape));
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, count));
  const auto value_source = broadcast_source(value.shape, *shape);
  const auto constant_source = broadcast_source(at.constant(other)->shape(), *shape);
  MatrixBuilder matrix = network.rows();
  std::vector<double> bias(count);
  for (std::size_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(const Step step, step_of(at, static_cast<double>(constant[constant_source[i]])));
    matrix.add(value.positions[value_source[i]], step.lower, step.upper);
    matrix.end_row();
    bias[i] = step.offset;
  }
  const bool only_adds = at.node.op == Op::add || (at.node.op == Op::sub && at.first_value == 0);
  // With as many elements as before, broadcasting keeps their order.
  const bool in_order = value.positions == count_up(count);
  if (only_adds && in_order && network.extend_sums(bias, 1)) return *shape;
  network.add_affine(std::move(matrix), std::move(bias), 1);
  return *shape;
}

}  // namespace isotrace::proofs
