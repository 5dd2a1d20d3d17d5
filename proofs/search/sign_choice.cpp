#include <isotrace/proofs/search/sign_choice.hpp>

#include <algorithm>
#include <cmath>

#include <isotrace/proofs/search/sensitivity.hpp>

namespace isotrace::proofs::search {
namespace {

/// ReLUs whose halves are bounded.
constexpr std::size_t tried_max = 16;

/// What the two halves must gain together, as a share of what the box lacks: else it is far from
/// closing, and what a split does to the bounds of other ReLUs counts for more.
constexpr double near_gain = 1;

struct Choice {
  SignSplit split;
  double cost = 0;  ///< of its relaxation to the bound
};

/// The unstable ReLUs that count, the costliest first: the gap between a ReLU and its relaxation,
/// times its coefficient.
std::vector<Choice> costly_relus(const Network& network, const Bounds& bounds, const Slopes& slopes,
                                 const Slopes& coefficients) {
  std::vector<Choice> choices;
  std::uint32_t element = 0;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    for (const std::uint32_t i : network.layers[k].relu_order) {
      const std::uint32_t number = element++;
      const double m = coefficients[k][i];
      if (m == 0 || !is_unstable(network, bounds, k, i)) continue;
      const double l = bounds.lower[k][i];
      const double u = bounds.upper[k][i];
      const double slope = slopes[k][i];
      const double gap = m < 0 ? -u * l / (u - l) : std::max((1 - slope) * u, -slope * l) / 2;
      choices.push_back({{number, k, i, 1, 0}, std::fabs(m) * gap});
    }
  }
  const std::size_t tried = std::min(choices.size(), tried_max);
  std::partial_sort(choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(tried),
                    choices.end(), [](const Choice& a, const Choice& b) {
                      return a.cost != b.cost ? a.cost > b.cost : a.split.element < b.split.element;
                    });
  choices.resize(tried);
  return choices;
}

}  // namespace

std::optional<SignSplit> choose_sign_split(const Network& network, const Problem& problem,
                                           const Bounds& bounds, Relaxation& relaxation,
                                           const std::vector<SignSplit>& signs,
                                           const LeafAttempt& attempt, const InnerRows* rows) {
  if (attempt.reached.empty()) return std::nullopt;
  std::vector<SignSplit> weighted = signs;
  for (std::size_t s = 0; s < signs.size(); ++s) weighted[s].weight = attempt.sign_weights[s];
  Slopes slopes = slopes_from(network, bounds, relaxation, attempt.reached);
  Slopes coefficients(network.layers.size());
  const RowForm row = combine_rows(problem, attempt.weights);
  const double needed = combine_limits(problem, attempt.weights);
  const double least = relaxation.bound_row(row, slopes, &coefficients, weighted).least;
  // More than closing a half cannot be gained.
  const double most = std::max(0.0, needed - least);
  std::vector<SignSplit> halves;
  for (const Choice& choice : costly_relus(network, bounds, slopes, coefficients)) {
    halves.push_back(choice.split);
    halves.back().sign = -1;
    halves.push_back(choice.split);
  }
  const std::vector<double> beyond = relaxation.least_beyond(halves, row, slopes, weighted);
  std::optional<SignSplit> best;
  double best_gain = -1;
  for (std::size_t h = 0; h < halves.size(); h += 2) {
    const double gain =
        std::clamp(beyond[h] - least, 0.0, most) + std::clamp(beyond[h + 1] - least, 0.0, most);
    if (gain > best_gain) {
      best_gain = gain;
      best = halves[h + 1];
    }
  }
  if (rows != nullptr && best_gain < near_gain * most) {
    const OpenAttempt open{slopes, coefficients, weighted, needed - least};
    if (auto costliest = costliest_relu(network, bounds, *rows, open)) return costliest;
  }
  return best;
}

}  // namespace isotrace::proofs::search
