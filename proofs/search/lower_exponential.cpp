// Operations made of exp: Elu, Selu, Softplus and Softmax, by layers that stand for real numbers in
// between; roundings of the program are charged where its results are. The order of ReLU elements
// is that of docs/formats/proof.md.
#include <cmath>

#include <isotrace/proofs/search/lowering.hpp>

namespace isotrace::proofs::search {
namespace {

using core::Done;
using core::Node;
using core::Op;
using core::Shape;

/// Pairs of classes that are worth bounding.
constexpr std::size_t pairs_max = std::size_t{1} << 14;
/// Differences above it count as this one.
constexpr double gap_max = 80;
/// Classes of a Softmax that keep their order.
constexpr std::size_t ordered_max = 1000;

/// How far apart elements of a row of Softmax stand, and how many there are; 0: no such axis.
struct Rows {
  std::size_t length = 1;
  std::size_t step = 1;
};

Rows rows_of(const Node& node, const Shape& shape) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t axis = node.integer("axis");
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return {0, 0};
  const Shape behind(shape.begin() + axis + 1, shape.end());
  const auto own = static_cast<std::size_t>(shape[static_cast<std::size_t>(axis)]);
  if (node.integer("flatten") != 0) return {own * count(behind), 1};
  return {own, count(behind)};
}

}  // namespace

/// g relu(x) + g a exp(-relu(-x)) - g a.
Lowering::Step Lowering::lower_elu(const Node& node) {
  const double alpha = double{node.real("alpha")};
  const double gamma = node.op == Op::selu ? double{node.real("gamma")} : 1;
  const auto size = static_cast<std::uint32_t>(front_.neurons.size());
  const Shape shape = front_.shape;
  std::vector<SparseRow> sides;
  for (const double sign : {-1.0, 1.0}) {
    for (const std::uint32_t neuron : front_.neurons) sides.push_back({{{neuron, sign}}, 0});
  }
  ISOTRACE_TRY_DONE(add_rows(sides, 0));
  start_front(shape);
  ISOTRACE_TRY_DONE(lower_relu());
  std::vector<SparseRow> halves(2 * std::size_t{size});
  for (std::uint32_t i = 0; i < size; ++i) {
    halves[i].weights = {{i, -1}};
    halves[size + i].weights = {{i, 1}, {size + i, 1}};
  }
  ISOTRACE_TRY_DONE(add_rows(halves, 0));
  start_front(shape);
  ISOTRACE_TRY_DONE(lower_activation(Activation::exp));
  std::vector<SparseRow> sums(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    sums[i] = {{{i, gamma * alpha}, {size + i, gamma}}, -(gamma * alpha)};
  }
  ISOTRACE_TRY_DONE(add_rows(sums, node.op == Op::selu ? 3 : 2));
  start_front(shape);
  return Done{};
}

Lowering::Step Lowering::lower_softplus() {
  const Shape shape = front_.shape;
  ISOTRACE_TRY_DONE(lower_activation(Activation::softplus));
  std::vector<SparseRow> rows;
  for (const std::uint32_t neuron : front_.neurons) rows.push_back({{{neuron, 1}}, 0});
  ISOTRACE_TRY_DONE(add_rows(rows, 3));
  start_front(shape);
  return Done{};
}

/// 1 / (1 + sum of exp(x_j - x_i)), between 0 and 1.
Lowering::Step Lowering::lower_softmax(const Node& node) {
  const Rows rows = rows_of(node, front_.shape);
  const std::size_t n = rows.length;
  if (n < 2) return unsupported("rows of one element");
  const std::size_t size = front_.neurons.size();
  if (size > pairs_max || n > pairs_max / size) return unsupported("too many classes");
  const Shape shape = front_.shape;
  std::vector<SparseRow> gaps;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t own = i / rows.step % n;
    for (std::size_t j = 0; j < n; ++j) {
      if (j == own) continue;
      const std::uint32_t other = front_.neurons[i - own * rows.step + j * rows.step];
      gaps.push_back({{{other, 1}, {front_.neurons[i], -1}}, 0});
    }
  }
  ISOTRACE_TRY_DONE(add_rows(gaps, 0));
  start_front({static_cast<std::int64_t>(gaps.size())});
  ISOTRACE_TRY_DONE(add_bounds(-1, std::vector<double>(gaps.size(), -gap_max)));
  ISOTRACE_TRY_DONE(lower_activation(Activation::exp));
  std::vector<SparseRow> sums(size);
  for (std::size_t gap = 0; gap < gaps.size(); ++gap) {
    sums[gap / (n - 1)].weights.emplace_back(static_cast<std::uint32_t>(gap), 1);
    sums[gap / (n - 1)].bias = 1;
  }
  ISOTRACE_TRY_DONE(add_rows(sums, 0));
  start_front(shape);
  ISOTRACE_TRY_DONE(lower_activation(Activation::reciprocal));
  std::vector<SparseRow> same;
  for (const std::uint32_t neuron : front_.neurons) same.push_back({{{neuron, 1}}, 0});
  ISOTRACE_TRY_DONE(add_rows(same, 2 * n + 110));
  start_front(shape);
  ISOTRACE_TRY_DONE(add_bounds(1, std::vector<double>(size, 0)));
  return add_bounds(-1, std::vector<double>(size, -1));
}

bool Lowering::gives_outputs(const Node& node) const {
  if (node.op != Op::softmax && node.op != Op::log_softmax) return false;
  return front_.dtype == core::Dtype::f32 && program_.outputs.size() == 1 &&
         program_.outputs[0].value == node.outputs[0] && front_.neurons.size() <= ordered_max &&
         rows_of(node, front_.shape).length == front_.neurons.size();
}

}  // namespace isotrace::proofs::search
