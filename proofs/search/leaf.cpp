#include <isotrace/proofs/search/leaf.hpp>

#include <algorithm>
#include <cmath>

namespace isotrace::proofs::search {
namespace {

/// The rows' linear bounds over the box: gap[r] + coefficients[r] * x <= row r - limit r.
struct LinearRows {
  std::vector<Relaxation::Row> rows;
  std::vector<double> gaps;
};

class Attempt {
 public:
  Attempt(const Network& network, const Problem& problem, const Bounds& bounds,
          Relaxation& relaxation, const LeafRules& rules, const Box& box)
      : network_(network),
        problem_(problem),
        bounds_(bounds),
        relaxation_(relaxation),
        rules_(rules),
        box_(box),
        slopes_(relaxation.default_slopes()) {}

  LeafAttempt run() {
    if (problem_.rows.empty() || !relaxation_.finite()) {
      best_.weights.assign(problem_.rows.size(), 1);
      remember_centre();
      return best_;
    }
    start_weights();
    const auto steps = static_cast<std::size_t>(rules_.gradient_steps);
    double step = 0.5;
    for (std::size_t i = 0;; ++i) {
      if (evaluate(i > 0) || i == steps) return best_;
      improve(step);
      step *= 0.75;
    }
  }

 private:
  void remember_centre() {
    for (std::size_t i = 0; i < network_.inputs; ++i) {
      best_.weakest.push_back(0.5 * (box_.lower[i] + box_.upper[i]));
    }
  }

  /// The best single row, or the combination that Frank-Wolfe finds on the rows' linear bounds.
  void start_weights() {
    const std::size_t count = problem_.rows.size();
    weights_.assign(count, 0);
    if (count == 1) {
      weights_[0] = 1;
      return;
    }
    LinearRows linear;
    std::size_t best = 0;
    std::vector<double> least;
    for (std::size_t r = 0; r < count; ++r) {
      linear.rows.push_back(
          relaxation_.bound_row(problem_.rows[r], relaxation_.default_slopes(), nullptr));
      linear.gaps.push_back(linear.rows[r].constant - problem_.limits[r]);
      least.push_back(linear.rows[r].least - problem_.limits[r]);
      if (least[r] > least[best]) best = r;
    }
    weights_[best] = 1;
    if (least[best] <= 0) combine(linear);
  }

  /// Least value over the box of the weighted linear rows; the minimiser goes to `x`.
  double least_of(const LinearRows& linear, const std::vector<double>& weights,
                  std::vector<double>& x) const {
    double sum = 0;
    for (std::size_t r = 0; r < weights.size(); ++r) sum += weights[r] * linear.gaps[r];
    for (std::size_t j = 0; j < network_.inputs; ++j) {
      double a = 0;
      for (std::size_t r = 0; r < weights.size(); ++r) {
        a += weights[r] * linear.rows[r].coefficients[j];
      }
      x[j] = a < 0 ? box_.upper[j] : box_.lower[j];
      sum += a * x[j];
    }
    return sum;
  }

  static std::vector<double> mixed(std::vector<double> weights, std::size_t row, double share) {
    for (double& weight : weights) weight *= 1 - share;
    weights[row] += share;
    return weights;
  }

  /// Frank-Wolfe: move towards the row that is largest at the current minimiser.
  void combine(const LinearRows& linear) {
    std::vector<double> x(network_.inputs);
    std::vector<double> scratch(network_.inputs);
    std::vector<double> current = weights_;
    double best = -1e300;
    for (int round = 0; round < 24; ++round) {
      const double value = least_of(linear, current, x);
      if (value > best) {
        best = value;
        weights_ = current;
      }
      if (value > 0) return;
      std::size_t strongest = 0;
      double strongest_value = -1e300;
      for (std::size_t r = 0; r < current.size(); ++r) {
        double at = linear.gaps[r];
        for (std::size_t j = 0; j < x.size(); ++j) at += linear.rows[r].coefficients[j] * x[j];
        if (at > strongest_value) {
          strongest_value = at;
          strongest = r;
        }
      }
      if (strongest_value <= 0) return;  // x satisfies every relaxed row: no combination helps
      double low = 0;
      double high = 1;
      for (int q = 0; q < 16; ++q) {
        const double left = low + (high - low) * 0.382;
        const double right = low + (high - low) * 0.618;
        if (least_of(linear, mixed(current, strongest, left), scratch) <
            least_of(linear, mixed(current, strongest, right), scratch)) {
          low = left;
        } else {
          high = right;
        }
      }
      current = mixed(current, strongest, 0.5 * (low + high));
    }
  }

  /// Slopes are stored by unstable ReLU if both sides surely agree on which those are; a bound too
  /// near zero could fall to the other side in the checker's rounding.
  [[nodiscard]] bool all_clearly_stable_or_not() const {
    for (std::size_t k = 0; k < network_.layers.size(); ++k) {
      if (!network_.layers[k].relu) continue;
      for (std::size_t i = 0; i < network_.layers[k].out; ++i) {
        const double nearest =
            std::min(std::fabs(bounds_.lower[k][i]), std::fabs(bounds_.upper[k][i]));
        if (nearest < 1e-11 * relaxation_.magnitudes()[k][i]) return false;
      }
    }
    return true;
  }

  [[nodiscard]] bool unstable(std::size_t k, std::size_t i) const {
    return bounds_.lower[k][i] < 0 && bounds_.upper[k][i] > 0;
  }

  /// Bounds the current combination with the current slopes; true if that closes the box.
  bool evaluate(bool own_slopes) {
    after_.resize(network_.layers.size());
    row_ = relaxation_.bound_row(combine_rows(problem_, weights_), slopes_, &after_);
    const double limit = combine_limits(problem_, weights_);
    const double value = row_.least - limit;
    if (value <= best_value_) return false;
    best_value_ = value;
    best_.weights = weights_;
    best_.weakest.resize(network_.inputs);
    for (std::size_t j = 0; j < network_.inputs; ++j) {
      best_.weakest[j] = row_.coefficients[j] < 0 ? box_.upper[j] : box_.lower[j];
    }
    const double needed = rules_.margin * (row_.magnitude + std::fabs(limit));
    best_.proved = std::isfinite(value) && value > needed;
    if (best_.proved && own_slopes) store_slopes();
    return best_.proved;
  }

  void store_slopes() {
    const bool every = !all_clearly_stable_or_not();
    for (std::size_t k = 0; k < network_.layers.size(); ++k) {
      if (!network_.layers[k].relu) continue;
      for (const std::uint32_t i : network_.layers[k].relu_order) {
        if (!every && !unstable(k, i)) continue;
        best_.slopes.push_back(static_cast<std::uint8_t>(std::lround(slopes_[k][i] * 255)));
      }
    }
  }

  /// One step uphill at the relaxation's minimiser: its value depends on a lower slope as
  /// coefficient * z, and on a weight as the row's value there.
  void improve(double step) {
    const Slopes values = relaxation_.relaxed_values(row_, slopes_, after_);
    for (std::size_t k = 0; k < network_.layers.size(); ++k) {
      if (!network_.layers[k].relu) continue;
      for (std::size_t i = 0; i < network_.layers[k].out; ++i) {
        if (!unstable(k, i) || after_[k][i] <= 0) continue;
        const double moved = slopes_[k][i] + (values[k][i] > 0 ? step : -step);
        slopes_[k][i] = std::round(std::clamp(moved, 0.0, 1.0) * 255) / 255;
      }
    }
    if (weights_.size() > 1) improve_weights(values.back(), step);
  }

  void improve_weights(const std::vector<double>& last, double step) {
    const std::size_t count = weights_.size();
    std::vector<double> at(count);
    double largest = 0;
    for (std::size_t r = 0; r < count; ++r) {
      at[r] = -problem_.limits[r];
      for (std::size_t i = 0; i < network_.outputs(); ++i) at[r] += problem_.rows[r][i] * last[i];
      largest = std::max(largest, std::fabs(at[r]));
    }
    if (!(largest > 0)) return;
    double sum = 0;
    for (std::size_t r = 0; r < count; ++r) {
      weights_[r] *= std::exp2(step * 3 * at[r] / largest);
      sum += weights_[r];
    }
    for (double& weight : weights_) weight /= sum;
  }

  const Network& network_;
  const Problem& problem_;
  const Bounds& bounds_;
  Relaxation& relaxation_;
  const LeafRules& rules_;
  const Box& box_;
  Slopes slopes_;
  Slopes after_;
  std::vector<double> weights_;
  Relaxation::Row row_;
  LeafAttempt best_;
  double best_value_ = -1e300;
};

}  // namespace

LeafAttempt attempt_leaf(const Network& network, const Problem& problem, const Bounds& bounds,
                         Relaxation& relaxation, const LeafRules& rules) {
  return Attempt(network, problem, bounds, relaxation, rules, relaxation.box()).run();
}

}  // namespace isotrace::proofs::search
