// Operations made of exp: Elu, Selu, Softplus and Softmax (convex_rule.hpp). Layers in between are
// real numbers that no program computes; its roundings are charged at the results. Trusted base.
#include <cmath>

#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::Result;
using core::Shape;

/// g x for x >= 0, else g a (exp(x) - 1): g relu(x) + g a exp(-relu(-x)) - g a. Of what is
/// computed, expm1 and each product round.
Result<Shape> lower_elu(const NodeAtHand& at, NetworkBuilder& network) {
  const bool is_scaled = at.node.op == Op::selu;
  const auto alpha = static_cast<double>(at.node.real("alpha"));
  const double gamma = is_scaled ? static_cast<double>(at.node.real("gamma")) : 1;
  if (!(std::fabs(alpha) < 0x1p60 && std::fabs(gamma) < 0x1p60)) return at.unsupported("alpha");
  const auto& positions = at.value().positions;
  const std::size_t count = positions.size();
  ISOTRACE_TRY_DONE(network.reserve(at.place, 6 * count, 7 * count));
  MatrixBuilder sides = network.rows();
  for (const double sign : {-1.0, 1.0}) {
    for (const std::uint32_t position : positions) {
      sides.add(position, sign);
      sides.end_row();
    }
  }
  network.add_affine(std::move(sides), {}, 0);
  network.add_relu(count);
  MatrixBuilder halves = network.rows();  // -relu(-x), then x + relu(-x) = relu(x)
  for (std::size_t i = 0; i < 2 * count; ++i) {
    halves.add(i % count, i < count ? -1 : 1);
    if (i >= count) halves.add(i, 1);
    halves.end_row();
  }
  network.add_affine(std::move(halves), {}, 0);
  network.add_activation(Layer::Kind::exp, count);
  MatrixBuilder sums = network.rows();
  for (std::size_t i = 0; i < count; ++i) {
    sums.add(i, gamma * alpha);  // exact: both are binary32 numbers
    sums.add(count + i, gamma);
    sums.end_row();
  }
  network.add_affine(std::move(sums), std::vector<double>(count, -(gamma * alpha)),
                     is_scaled ? 3 : 2);
  return at.value().shape;
}

/// max(x, 0) + log1p(exp(-|x|)): exp, log1p and the sum round, each by at most u of the result.
Result<Shape> lower_softplus(const NodeAtHand& at, NetworkBuilder& network) {
  const std::size_t count = at.value().positions.size();
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  ISOTRACE_TRY_DONE(network.reserve(at.place, 2 * count, count));
  network.add_activation(Layer::Kind::softplus, count);
  network.add_movement(count_up(count));
  network.round_results(3);
  return at.value().shape;
}

/// How many elements a row has, and how far apart they stand.
struct SoftmaxRows {
  std::size_t length = 1;
  std::size_t inner = 1;
};

std::optional<SoftmaxRows> softmax_rows(const NodeAtHand& at) {
  const Shape& shape = at.value().shape;
  const auto rank = static_cast<std::int64_t>(shape.size());
  const std::int64_t axis = at.node.integer("axis") + (at.node.integer("axis") < 0 ? rank : 0);
  if (axis < 0 || axis >= rank) return std::nullopt;
  SoftmaxRows rows;
  for (auto i = static_cast<std::size_t>(axis); i < shape.size(); ++i) {
    const bool is_own = i == static_cast<std::size_t>(axis) || at.node.integer("flatten") != 0;
    (is_own ? rows.length : rows.inner) *= static_cast<std::size_t>(shape[i]);
  }
  return rows;
}

/// Differences above it count as this one: their results are at most exp(-80) < 2^-115, and so is
/// what they are taken for.
constexpr double gap_max = 80;

/// y_i = 1 / (1 + sum over j != i of exp(x_j - x_i)), computed with at most 2 n + 110 roundings
/// relatively (docs/proofs/checker.md). No term is above the sum: clipping to [0, 1] changes
/// nothing.
Result<Shape> lower_softmax(const NodeAtHand& at, NetworkBuilder& network) {
  const auto rows = softmax_rows(at);
  if (!rows || rows->length < 2) return at.unsupported("rows");
  const std::size_t n = rows->length;
  const std::size_t count = at.value().positions.size();
  ISOTRACE_TRY_DONE(network.reserve(at.place, count * n + 3 * count, 4 * count * n));
  MatrixBuilder gaps = network.rows();
  for (std::size_t flat = 0; flat < count; ++flat) {
    const std::size_t i = flat / rows->inner % n;
    for (std::size_t j = 0; j < n; ++j) {
      if (j == i) continue;
      gaps.add(at.value().positions[flat - i * rows->inner + j * rows->inner], 1);
      gaps.add(at.value().positions[flat], -1);
      gaps.end_row();
    }
  }
  network.add_affine(std::move(gaps), {}, 0);
  ISOTRACE_TRY_DONE(add_bounds(at, -1, std::vector<double>(count * (n - 1), -gap_max), network));
  network.add_activation(Layer::Kind::exp, count * (n - 1));
  MatrixBuilder sums = network.rows();
  for (std::size_t gap = 0; gap < count * (n - 1); ++gap) {
    sums.add(gap, 1);
    if ((gap + 1) % (n - 1) == 0) sums.end_row();
  }
  sums.end_row();  // 1 alone
  network.add_affine(std::move(sums), std::vector<double>(count + 1, 1.0), 0);
  network.add_activation(Layer::Kind::reciprocal, count);
  MatrixBuilder results = network.rows();
  for (std::size_t i = 0; i < count; ++i) {
    results.add(i, 1);
    results.add(count, -0x1p-115, 0);
    results.end_row();
  }
  network.add_affine(std::move(results), {}, 2 * n + 110);
  ISOTRACE_TRY_DONE(add_bounds(at, 1, std::vector<double>(count, 0.0), network));
  ISOTRACE_TRY_DONE(add_bounds(at, -1, std::vector<double>(count, -1.0), network));
  return at.value().shape;
}

}  // namespace

bool is_ordered_softmax(const NodeAtHand& at) {
  if (at.node.op != Op::softmax && at.node.op != Op::log_softmax) return false;
  const auto rows = softmax_rows(at);
  // Of so many quotients, none of exp(-80) and a sum is below 2^-126.
  return rows && rows->length == at.value().positions.size() && rows->length <= 1000;
}

Result<Shape> lower_exponential(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.node.op == Op::softmax) return lower_softmax(at, network);
  return at.node.op == Op::softplus ? lower_softplus(at, network) : lower_elu(at, network);
}

}  // namespace isotrace::proofs
