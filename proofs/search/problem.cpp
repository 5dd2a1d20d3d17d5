#include <isotrace/proofs/search/problem.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace isotrace::proofs::search {
namespace {

/// Operands of Softmax that are further apart have results in the same order.
constexpr double order_gap = 0x1p-15;

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The least float not below (above, if strict), or the greatest not above (below), an exact bound.
float float_within(const core::Rational& bound, bool from_below, bool strict) {
  auto value = static_cast<float>(from_below ? core::round_up(bound) : core::round_down(bound));
  if (!std::isfinite(value)) return value;
  const core::Rational exact = core::exact_rational(double{value});
  if (from_below && (exact < bound || (strict && exact == bound)))
    return std::nextafter(value, infinity);
  if (!from_below && (exact > bound || (strict && exact == bound)))
    return std::nextafter(value, -infinity);
  return value;
}

/// The integers of a type between two ends, which a strict side leaves out.
std::pair<double, double> integers_within(const WholeInputs& type, const InputRange& range,
                                          bool heeds_strict) {
  double first = std::ceil(core::round_down(range.lower));
  double last = std::floor(core::round_up(range.upper));
  if (heeds_strict && range.lower_strict && core::exact_rational(first) == range.lower) ++first;
  if (heeds_strict && range.upper_strict && core::exact_rational(last) == range.upper) --last;
  return {std::max(first, type.least), std::min(last, type.most)};
}

/// Strict sides stay closed in the box, as the checker takes them.
void add_integers(const WholeInputs& type, const InputRange& range, std::size_t input,
                  Problem& problem) {
  const auto [first, last] = integers_within(type, range, true);
  problem.floats.lower.push_back(static_cast<float>(first));
  problem.floats.upper.push_back(static_cast<float>(last));
  problem.floats.empty = problem.floats.empty || !(first <= last);
  const auto [low, high] = integers_within(type, range, false);
  if (!(low <= high)) return;
  problem.box.lower[input] = low;
  problem.box.upper[input] = high;
}

}  // namespace

Problem make_problem(const Network& network, const Case& unsafe) {
  Problem problem;
  problem.box.lower.assign(padded(network.inputs), 0);
  problem.box.upper = problem.box.lower;
  for (std::size_t i = 0; i < network.inputs; ++i) {
    const InputRange& range = unsafe.box[i];
    problem.box.lower[i] = core::round_down(range.lower);
    problem.box.upper[i] = core::round_up(range.upper);
    const WholeInputs* whole = network.find_whole(i);
    problem.floats.whole.push_back(whole != nullptr ? 1 : 0);
    if (whole != nullptr) {
      add_integers(*whole, range, i, problem);
      continue;
    }
    const float low = float_within(range.lower, true, range.lower_strict);
    const float high = float_within(range.upper, false, range.upper_strict);
    problem.floats.lower.push_back(low);
    problem.floats.upper.push_back(high);
    problem.floats.empty =
        problem.floats.empty || !(low <= high) || !std::isfinite(low) || !std::isfinite(high);
    if (network.real || problem.floats.empty) continue;
    // Strict sides stay closed, as the checker takes them.
    if (!range.lower_strict) problem.box.lower[i] = double{low};
    if (!range.upper_strict) problem.box.upper[i] = double{high};
  }
  for (const LinearRow& row : unsafe.rows) {
    RowForm form{std::vector<double>(padded(network.outputs()), 0), {}};
    for (const Term& term : row.terms) {
      // Several outputs may be the same neuron.
      form.outputs[network.output_neurons[term.index]] += term.coefficient.convert_to<double>();
    }
    if (!row.input_terms.empty()) form.inputs.assign(padded(network.inputs), 0);
    for (const Term& term : row.input_terms) {
      form.inputs[term.index] = term.coefficient.convert_to<double>();
    }
    problem.rows.push_back(std::move(form));
    problem.limits.push_back(network.order_only ? order_gap : row.bound.convert_to<double>());
    problem.strict.push_back(row.strict && !network.order_only);
  }
  return problem;
}

float float_below(double value) {
  const auto nearest = static_cast<float>(value);
  return double{nearest} > value ? std::nextafter(nearest, -infinity) : nearest;
}

float float_not_below(double value) { return -float_below(-value); }

float round_into(const FloatBox& box, std::size_t index, double value) {
  const double nearest = box.whole[index] != 0 ? nearest_integer(value) : value;
  return std::clamp(static_cast<float>(nearest), box.lower[index], box.upper[index]);
}

std::vector<double> evaluate(const Network& network, std::vector<double> x) {
  for (const Layer& layer : network.layers) {
    std::vector<double> y(layer.out);
    for (std::size_t o = 0; o < layer.out; ++o) {
      y[o] = layer.bias[o];
      layer.for_each_weight(o, [&](std::size_t i, double weight) { y[o] += weight * x[i]; });
      if (layer.activated && layer.activated_on[o] != 0) y[o] = activate(layer.activation, y[o]);
    }
    x = std::move(y);
  }
  return x;
}

double value_at(const RowForm& row, const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += row.outputs[i] * y[i];
  for (std::size_t i = 0; i < row.inputs.size() && i < x.size(); ++i) sum += row.inputs[i] * x[i];
  return sum;
}

double shortened(double value) {
  constexpr unsigned dropped = 52 - 9;
  const std::uint64_t bits =
      std::bit_cast<std::uint64_t>(value) + (std::uint64_t{1} << (dropped - 1));
  return std::bit_cast<double>(bits >> dropped << dropped);
}

RowForm combine_rows(const Problem& problem, const std::vector<double>& weights) {
  RowForm sum{std::vector<double>(problem.rows.front().outputs.size(), 0), {}};
  for (std::size_t r = 0; r < weights.size(); ++r) {
    const RowForm& row = problem.rows[r];
    for (std::size_t i = 0; i < sum.outputs.size(); ++i) {
      sum.outputs[i] += weights[r] * row.outputs[i];
    }
    if (sum.inputs.size() < row.inputs.size()) sum.inputs.resize(row.inputs.size(), 0);
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      sum.inputs[i] += weights[r] * row.inputs[i];
    }
  }
  return sum;
}

double combine_limits(const Problem& problem, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t r = 0; r < weights.size(); ++r) sum += weights[r] * problem.limits[r];
  return sum;
}

}  // namespace isotrace::proofs::search
