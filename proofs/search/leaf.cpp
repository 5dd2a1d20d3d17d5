#include <isotrace/proofs/search/leaf.hpp>

#include <isotrace/proofs/search/linear_program.hpp>

#include <algorithm>
#include <cmath>

namespace isotrace::proofs::search {
namespace {

/// The first gradient step: from the default slopes, and from those of the box above, which are
/// good already.
constexpr double first_step = 0.5;
constexpr double later_step = 0.1;
/// How far below the greatest operand of a Softmax its order still counts; less than the checker's.
constexpr double spread_max = 79.9;

/// The rows' linear bounds over the box: gap[r] + coefficients[r] * x <= row r - limit r.
struct LinearRows {
  std::vector<Relaxation::Row> rows;
  std::vector<double> gaps;
};

class Attempt {
 public:
  Attempt(const Network& network, const Problem& problem, const Bounds& bounds,
          Relaxation& relaxation, const std::vector<SignSplit>& signs,
          const std::vector<std::uint8_t>& slopes, const LeafRules& rules)
      : network_(network),
        problem_(problem),
        bounds_(bounds),
        relaxation_(relaxation),
        rules_(rules),
        box_(relaxation.box()),
        signs_(signs),
        has_start_(!slopes.empty()),
        slopes_(slopes_from(network, bounds, relaxation, slopes)) {}

  LeafAttempt run() {
    if (problem_.rows.empty() || !relaxation_.finite() || !keeps_order()) {
      best_.weights.assign(problem_.rows.size(), 1);
      remember_centre();
      return best_;
    }
    start_weights();
    if (has_start_) {
      const std::vector<double> weights = weights_;
      const std::vector<SignSplit> signs = signs_;
      if (climb(later_step, true)) return best_;
      // Small steps do not leave what was best above: sides of a split can want quite another.
      weights_ = weights;
      signs_ = signs;
      slopes_ = relaxation_.default_slopes();
    }
    if (climb(first_step, false)) return best_;
    if (rules_.program_neurons > 0) take_duals();
    store_reached();
    return best_;
  }

 private:
  /// Gradient steps, each smaller than the one before; true if one closes the box.
  bool climb(double step, bool own_slopes) {
    for (int i = 0;; ++i) {
      if (evaluate(own_slopes || i > 0)) return true;
      if (i == rules_.gradient_steps || relaxation_.is_unwanted()) return false;
      improve(step);
      step *= 0.75;
    }
  }

  /// Weights and slopes from the linear program of the whole relaxation.
  void take_duals() {
    if (count_open(network_, bounds_) > rules_.program_neurons) return;
    auto hints = solve_leaf(network_, problem_, bounds_, box_, signs_, slopes_);
    if (!hints) return;
    weights_ = std::move(hints->weights);
    slopes_ = std::move(hints->slopes);
    for (std::size_t s = 0; s < signs_.size(); ++s) signs_[s].weight = hints->sign_weights[s];
    const bool signs_alone =
        std::all_of(weights_.begin(), weights_.end(), [](double w) { return w == 0; });
    const LeafAttempt before = best_;
    const Slopes slopes_before = best_slopes_;
    best_.by_program = evaluate(true);
    if (!signs_alone || best_.proved) return;
    // A combination without rows says nothing of where to split.
    best_ = before;
    best_slopes_ = slopes_before;
  }

  /// Whether Softmax, if one was left out, keeps the order of what the rows compare: no operand
  /// that a row says is the smaller one may lie far below the greatest.
  bool keeps_order() {
    if (!network_.order_only || relaxation_.spread_by_intervals() < spread_max) return true;
    RowForm unit{std::vector<double>(padded(network_.outputs()), 0), {}};
    const auto least_of_output = [&](std::size_t neuron, double sign) {
      unit.outputs[neuron] = sign;
      const double least = relaxation_.bound_row(unit, relaxation_.default_slopes(), nullptr).least;
      unit.outputs[neuron] = 0;
      return least;
    };
    double most = -HUGE_VAL;
    for (const std::uint32_t neuron : network_.output_neurons) {
      most = std::max(most, -least_of_output(neuron, -1));
    }
    return std::all_of(problem_.rows.begin(), problem_.rows.end(), [&](const RowForm& row) {
      const auto greater = std::max_element(row.outputs.begin(), row.outputs.end());
      const auto neuron = static_cast<std::size_t>(greater - row.outputs.begin());
      return most - least_of_output(neuron, 1) < spread_max;
    });
  }

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
      if (!network_.layers[k].activated) continue;
      for (const std::uint32_t i : network_.layers[k].relu_order) {
        const double nearest =
            std::min(std::fabs(bounds_.lower[k][i]), std::fabs(bounds_.upper[k][i]));
        if (nearest < rules_.nearness * relaxation_.magnitudes()[k][i]) return false;
      }
    }
    return true;
  }

  /// Bounds the current combination with the current slopes; true if that closes the box.
  bool evaluate(bool own_slopes) {
    after_.resize(network_.layers.size());
    for (double& weight : weights_) weight = shortened(weight);
    for (SignSplit& split : signs_) split.weight = shortened(split.weight);
    const RowForm combined = combine_rows(problem_, weights_);
    row_ = relaxation_.bound_row(combined, slopes_, &after_, signs_);
    const double limit = combine_limits(problem_, weights_);
    const Relaxation::Sum intervals = relaxation_.least_of_intervals(combined);
    // A clip's multipliers are of rows alone.
    if (!own_slopes && signs_.empty())
      best_.half_space = half_space_of(row_, limit, weights_, rules_.margin);
    const bool by_intervals = intervals.least > row_.least;
    const double value = std::max(row_.least, intervals.least) - limit;
    if (value <= best_value_) return false;
    best_value_ = value;
    best_.weights = weights_;
    best_slopes_ = slopes_;
    best_.sign_weights.clear();
    for (const SignSplit& split : signs_) {
      // Intervals do without the signs.
      best_.sign_weights.push_back(by_intervals ? 0 : split.weight);
    }
    best_.weakest.resize(network_.inputs);
    for (std::size_t j = 0; j < network_.inputs; ++j) {
      best_.weakest[j] = row_.coefficients[j] < 0 ? box_.upper[j] : box_.lower[j];
    }
    const double added_up =
        (by_intervals ? intervals.magnitude : row_.magnitude) + std::fabs(limit);
    const double needed = rules_.margin * added_up;
    best_.share = value / added_up;
    best_.proved =
        std::isfinite(value) &&
        (value > needed || (rules_.offers_zero && value >= 0 && some_strict_row_counts()));
    if (best_.proved && own_slopes) store_slopes();
    return best_.proved;
  }

  [[nodiscard]] bool some_strict_row_counts() const {
    for (std::size_t r = 0; r < weights_.size(); ++r) {
      if (problem_.strict[r] && weights_[r] > 0) return true;
    }
    return false;
  }

  void store_slopes() {
    const bool every = !all_clearly_stable_or_not();
    for (std::size_t k = 0; k < network_.layers.size(); ++k) {
      if (!network_.layers[k].activated) continue;
      for (const std::uint32_t i : network_.layers[k].relu_order) {
        if (!every && !is_unstable(network_, bounds_, k, i)) continue;
        best_.slopes.push_back(static_cast<std::uint8_t>(std::lround(slopes_[k][i] * 255)));
      }
    }
  }

  void store_reached() {
    for (std::size_t k = 0; k < best_slopes_.size(); ++k) {
      for (const std::uint32_t i : network_.layers[k].relu_order) {
        best_.reached.push_back(static_cast<std::uint8_t>(std::lround(best_slopes_[k][i] * 255)));
      }
    }
  }

  /// One step uphill at the relaxation's minimiser: its value depends on a lower slope as
  /// coefficient * z, and on a weight as the row's value there.
  void improve(double step) {
    const Slopes values = relaxation_.relaxed_values(row_, slopes_, after_);
    for (std::size_t k = 0; k < network_.layers.size(); ++k) {
      if (!network_.layers[k].activated) continue;
      for (std::size_t i = 0; i < network_.layers[k].out; ++i) {
        if (!is_unstable(network_, bounds_, k, i) || after_[k][i] <= 0) continue;
        const double moved = slopes_[k][i] + (values[k][i] > 0 ? step : -step);
        slopes_[k][i] = std::round(std::clamp(moved, 0.0, 1.0) * 255) / 255;
      }
    }
    // What the weights of signs compete with.
    double largest = 0;
    for (std::size_t k = 0; k < network_.layers.size() && !signs_.empty(); ++k) {
      for (const std::uint32_t i : network_.layers[k].relu_order) {
        largest = std::max(largest, std::fabs(after_[k][i]));
      }
    }
    for (SignSplit& split : signs_) {
      // The bound changes with a weight by -sign * z at the minimiser.
      const double gain = -split.sign * values[split.layer][split.neuron];
      const double change = gain > 0 ? step * largest : -step * largest;
      split.weight = std::max(0.0, split.weight + change);
    }
    if (weights_.size() > 1) improve_weights(values.back(), step);
  }

  void improve_weights(const std::vector<double>& last, double step) {
    const std::size_t count = weights_.size();
    std::vector<double> at(count);
    double largest = 0;
    for (std::size_t r = 0; r < count; ++r) {
      at[r] = -problem_.limits[r];
      const RowForm& row = problem_.rows[r];
      for (std::size_t i = 0; i < network_.outputs(); ++i) at[r] += row.outputs[i] * last[i];
      for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        at[r] += row.inputs[i] * (row_.coefficients[i] < 0 ? box_.upper[i] : box_.lower[i]);
      }
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
  std::vector<SignSplit> signs_;
  bool has_start_;  ///< slopes of the box above
  Slopes slopes_;
  Slopes best_slopes_;
  Slopes after_;
  std::vector<double> weights_;
  Relaxation::Row row_;
  LeafAttempt best_;
  double best_value_ = -1e300;
};

}  // namespace

Slopes slopes_from(const Network& network, const Bounds& bounds, const Relaxation& relaxation,
                   const std::vector<std::uint8_t>& given) {
  Slopes slopes = relaxation.default_slopes();
  std::size_t next = 0;
  for (std::size_t k = 0; k < network.layers.size() && !given.empty(); ++k) {
    for (const std::uint32_t i : network.layers[k].relu_order) {
      const std::uint8_t slope = given[next++];
      if (is_unstable(network, bounds, k, i)) slopes[k][i] = slope / 255.0;
    }
  }
  return slopes;
}

LeafAttempt attempt_leaf(const Network& network, const Problem& problem, const Bounds& bounds,
                         Relaxation& relaxation, const std::vector<SignSplit>& signs,
                         const std::vector<std::uint8_t>& slopes, const LeafRules& rules) {
  return Attempt(network, problem, bounds, relaxation, signs, slopes, rules).run();
}

}  // namespace isotrace::proofs::search
