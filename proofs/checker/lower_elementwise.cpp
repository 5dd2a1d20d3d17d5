// Add, Sub, Mul, Div by constants, and Neg: one rounding per element (none for Neg).
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

/// chain OP constant, or constant OP chain.
Result<Step> step_of(const NodeAtHand& at, double constant) {
  const bool chain_first = at.chain_operand == 0;
  switch (at.node.op) {
    case Op::add: return Step{1, 1, constant};
    case Op::sub: return chain_first ? Step{1, 1, -constant} : Step{-1, -1, constant};
    case Op::mul: return Step{constant, constant, 0};
    default: break;
  }
  if (!chain_first) return at.unsupported("division by a value that is not constant");
  if (constant == 0) return at.unsupported("division by zero");
  // Rounding is downward: the second quotient is the negated lower bound of -1/c.
  return Step{1 / constant, -(-1 / constant), 0};
}

}  // namespace

Result<Shape> lower_elementwise(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.node.op == Op::neg) {
    ISOTRACE_TRY_DONE(network.reserve(at.place, network.width(), network.width()));
    MatrixBuilder matrix(network.width(), network.width());
    for (std::size_t i = 0; i < network.width(); ++i) {
      matrix.add(i, -1);
      matrix.end_row();
    }
    network.add_affine(matrix.finish(), {}, 0);
    return at.shape;
  }
  const std::size_t other = 1 - at.chain_operand;
  ISOTRACE_TRY(const auto constant, finite_floats(at, other));
  const auto shape = broadcast_shape(at.shape, at.constant(other)->shape());
  if (!shape) return at.unsupported("shapes do not broadcast");
  ISOTRACE_TRY(const std::size_t count, checked_count(at, *shape));
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, count));
  const auto chain_source = broadcast_source(at.shape, *shape);
  const auto constant_source = broadcast_source(at.constant(other)->shape(), *shape);
  MatrixBuilder matrix(count, network.width());
  std::vector<double> bias(count);
  for (std::size_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(const Step step, step_of(at, static_cast<double>(constant[constant_source[i]])));
    matrix.add(chain_source[i], step.lower, step.upper);
    matrix.end_row();
    bias[i] = step.offset;
  }
  const bool only_adds = at.node.op == Op::add || (at.node.op == Op::sub && at.chain_operand == 0);
  const bool same_elements = count == network.width();  // then broadcasting keeps their order
  if (only_adds && same_elements && network.extend_sums(bias, 1)) return *shape;
  network.add_affine(matrix.finish(), std::move(bias), 1);
  return *shape;
}

}  // namespace isotrace::proofs
