#include <isotrace/proofs/search/problem.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace isotrace::proofs::search {
namespace {

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

}  // namespace

Problem make_problem(const Network& network, const Case& unsafe) {
  Problem problem;
  problem.box.lower.assign(padded(network.inputs), 0);
  problem.box.upper = problem.box.lower;
  for (std::size_t i = 0; i < network.inputs; ++i) {
    const InputRange& range = unsafe.box[i];
    problem.box.lower[i] = core::round_down(range.lower);
    problem.box.upper[i] = core::round_up(range.upper);
    const float low = float_within(range.lower, true, range.lower_strict);
    const float high = float_within(range.upper, false, range.upper_strict);
    problem.floats.lower.push_back(low);
    problem.floats.upper.push_back(high);
    problem.floats.empty =
        problem.floats.empty || !(low <= high) || !std::isfinite(low) || !std::isfinite(high);
  }
  for (const LinearRow& row : unsafe.rows) {
    std::vector<double> coefficients(padded(network.outputs()), 0);
    for (const Term& term : row.terms) {
      coefficients[network.output_neurons[term.output]] = term.coefficient.convert_to<double>();
    }
    problem.rows.push_back(std::move(coefficients));
    problem.limits.push_back(row.bound.convert_to<double>());
  }
  return problem;
}

float round_into(const FloatBox& box, std::size_t index, double value) {
  return std::clamp(static_cast<float>(value), box.lower[index], box.upper[index]);
}

std::vector<double> combine_rows(const Problem& problem, const std::vector<double>& weights) {
  std::vector<double> sum(problem.rows.front().size(), 0);
  for (std::size_t r = 0; r < weights.size(); ++r) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weights[r] * problem.rows[r][i];
  }
  return sum;
}

double combine_limits(const Problem& problem, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t r = 0; r < weights.size(); ++r) sum += weights[r] * problem.limits[r];
  return sum;
}

}  // namespace isotrace::proofs::search
