#include <isotrace/proofs/search/sensitivity.hpp>

#include <algorithm>
#include <cmath>

namespace isotrace::proofs::search {
namespace {

/// Coefficients with which all that counts depends on each ReLU element: the sum of those above
/// zero, which meet its lower line, and of those below, which meet the upper one.
struct Weights {
  std::vector<double> above, below;

  void add(std::size_t element, double coefficient) {
    (coefficient < 0 ? below : above)[element] += std::fabs(coefficient);
  }
  void add(const std::vector<float>& row, double weight) {
    for (std::size_t e = 0; e < row.size(); ++e) add(e, weight * double{row[e]});
  }
};

/// Nothing lacks less: what a box lacks is divided by.
constexpr double missing_min = 1e-9;
/// Of fewer open ReLUs the combination's own bound tells most.
constexpr std::size_t open_min = 64;

const std::vector<float>& row_of(const InnerRows& rows, std::size_t dimension) {
  static const std::vector<float> none;
  return dimension < rows.reach.size() ? rows.reach[dimension] : none;
}

struct Costs {
  std::optional<SignSplit> most;
  double total = 0;
};

/// From the last layer to the first: what each open ReLU costs, and what that passes on to those
/// before it.
Costs find_costs(const Bounds& bounds, const InnerRows& rows, const Slopes& slopes,
                 const std::vector<SignSplit>& open, Weights weights) {
  Costs costs;
  double most = 0;
  for (auto at = open.rbegin(); at != open.rend(); ++at) {
    const std::size_t e = at->element;
    const double u = bounds.upper[at->layer][at->neuron];
    const double m = -bounds.lower[at->layer][at->neuron];
    const double slope = slopes[at->layer][at->neuron];
    const double cost = weights.below[e] * (u * m / (u + m)) +
                        weights.above[e] * std::max((1 - slope) * u, slope * m) / 2;
    costs.total += cost;
    if (cost > most) {
      most = cost;
      costs.most = *at;
    }
    // u m / (u + m), the gap at 0, falls with either end that moves inward.
    const double share = weights.below[e] / ((u + m) * (u + m));
    weights.add(row_of(rows, 2 * e), share * u * u);
    weights.add(row_of(rows, 2 * e + 1), share * m * m);
  }
  return costs;
}

}  // namespace

std::optional<SignSplit> costliest_relu(const Network& network, const Bounds& bounds,
                                        const InnerRows& rows, const OpenAttempt& attempt) {
  std::vector<SignSplit> open;
  std::uint32_t elements = 0;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    for (const std::uint32_t i : network.layers[k].relu_order) {
      const std::uint32_t number = elements++;
      if (is_unstable(network, bounds, k, i)) open.push_back({number, k, i, 1, 0});
    }
  }
  if (open.size() < open_min) return std::nullopt;
  Weights weights{std::vector<double>(elements), std::vector<double>(elements)};
  for (const SignSplit& at : open) {
    weights.add(at.element,
                attempt.coefficients[at.layer][at.neuron] / std::max(missing_min, attempt.missing));
  }
  const Costs costs = find_costs(bounds, rows, attempt.slopes, open, weights);
  if (costs.total >= 1) return costs.most;
  // No splits give what is missing. The box is closed as well where a sign above is impossible.
  for (const SignSplit& split : attempt.signs) {
    const double left = split.sign > 0 ? bounds.upper[split.layer][split.neuron]
                                       : -bounds.lower[split.layer][split.neuron];
    weights.add(row_of(rows, 2 * std::size_t{split.element} + (split.sign > 0 ? 1 : 0)),
                1 / std::max(missing_min, left));
  }
  return find_costs(bounds, rows, attempt.slopes, open, weights).most;
}

}  // namespace isotrace::proofs::search
