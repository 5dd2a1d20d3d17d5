#include <isotrace/proofs/search/linear_program.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <isotrace/proofs/search/simplex.hpp>

namespace isotrace::proofs::search {
namespace {

constexpr std::size_t entries_max = std::size_t{1} << 20;

/// coefficients * variables + constant.
struct Form {
  std::vector<double> coefficients;
  double constant = 0;
};

/// One box's program. Variables are the inputs, the results of open activations, and s, each less
/// its least value.
class LeafProgram {
 public:
  LeafProgram(const Network& network, const Bounds& bounds, const Box& box, std::size_t open)
      : network_(network), bounds_(bounds), variables_(network.inputs + open + 1) {
    least_.assign(variables_, 0);
    most_.assign(variables_, 0);
    std::copy_n(box.lower.begin(), network.inputs, least_.begin());
    std::copy_n(box.upper.begin(), network.inputs, most_.begin());
    tableau_ = Tableau<double>(variables_);
    for (std::size_t i = 0; i < network.inputs; ++i) {
      Form form = zero();
      form.coefficients[i] = 1;
      forms_.push_back(form);
      inputs_.push_back(form);
      bound_above(form, box.upper[i]);
    }
  }

  void pass_layers(const std::vector<SignSplit>& signs);
  void add_rows(const Problem& problem);
  std::optional<FarkasHints> solve(const Slopes& slopes);

 private:
  struct OpenRelu {
    std::size_t layer, neuron, variable, row;
  };

  [[nodiscard]] Form zero() const { return {std::vector<double>(variables_, 0), 0}; }
  static void add_to(Form& sum, double factor, const Form& form) {
    if (factor == 0) return;
    for (std::size_t j = 0; j < sum.coefficients.size(); ++j) {
      sum.coefficients[j] += factor * form.coefficients[j];
    }
    sum.constant += factor * form.constant;
  }
  /// form <= limit.
  std::size_t bound_above(const Form& form, double limit) {
    limit -= form.constant;
    for (std::size_t j = 0; j < variables_; ++j) limit -= form.coefficients[j] * least_[j];
    return tableau_.add(form.coefficients, limit);
  }
  Form activate(std::size_t layer, std::size_t neuron, const Form& z);

  const Network& network_;
  const Bounds& bounds_;
  std::size_t variables_;
  std::size_t next_ = network_.inputs;
  std::vector<double> least_, most_;
  Tableau<double> tableau_{0};
  std::vector<Form> inputs_;
  std::vector<Form> forms_;  ///< of the newest layer
  std::vector<OpenRelu> relus_;
  std::vector<std::size_t> sign_rows_;
  std::vector<std::size_t> case_rows_;
};

bool is_open(const Network& network, const Bounds& bounds, std::size_t k, std::size_t i) {
  const Layer& layer = network.layers[k];
  if (!layer.activated || layer.activated_on[i] == 0) return false;
  const double low = bounds.lower[k][i];
  const double high = bounds.upper[k][i];
  if (layer.activation == Activation::relu) return low < 0 && high > 0;
  return low < high;
}

/// The result of an activation: the form itself, a constant, or a new variable between lines.
Form LeafProgram::activate(std::size_t layer, std::size_t neuron, const Form& z) {
  const Layer& at = network_.layers[layer];
  if (!at.activated || at.activated_on[neuron] == 0) return z;
  const double low = bounds_.lower[layer][neuron];
  const double high = bounds_.upper[layer][neuron];
  const bool is_relu = at.activation == Activation::relu;
  if (!is_open(network_, bounds_, layer, neuron)) {
    if (is_relu && low >= 0) return z;
    Form made = zero();
    made.constant = is_relu ? 0 : curve_piece(at.activation, network_.real, low, low).least;
    return made;
  }
  Form result = zero();
  const std::size_t variable = next_++;
  result.coefficients[variable] = 1;
  CurvePiece piece{0, high, {1, 0}, {high / (high - low), -high / (high - low) * low}};
  if (!is_relu) piece = curve_piece(at.activation, network_.real, low, high);
  least_[variable] = piece.least;
  most_[variable] = piece.most;
  Form above = result;
  add_to(above, -piece.above.slope, z);
  bound_above(above, piece.above.shift);
  Form below = zero();
  add_to(below, piece.below.slope, z);
  below.coefficients[variable] -= 1;
  const std::size_t row = bound_above(below, -piece.below.shift);
  if (is_relu) relus_.push_back({layer, neuron, variable, row});
  return result;
}

void LeafProgram::pass_layers(const std::vector<SignSplit>& signs) {
  sign_rows_.resize(signs.size());
  for (std::size_t k = 0; k < network_.layers.size(); ++k) {
    const Layer& layer = network_.layers[k];
    std::vector<Form> next;
    for (std::size_t o = 0; o < layer.out; ++o) {
      Form z = zero();
      z.constant = layer.bias[o];
      layer.for_each_weight(o, [&](std::size_t i, double weight) { add_to(z, weight, forms_[i]); });
      for (std::size_t s = 0; s < signs.size(); ++s) {
        if (signs[s].layer != k || signs[s].neuron != o) continue;
        Form negated = zero();
        add_to(negated, -signs[s].sign, z);
        sign_rows_[s] = bound_above(negated, 0);
      }
      next.push_back(activate(k, o, z));
    }
    forms_ = std::move(next);
  }
}

/// row - limit <= s, where s is not below what intervals say of each row.
void LeafProgram::add_rows(const Problem& problem) {
  const std::size_t s = variables_ - 1;
  std::vector<Form> rows;
  for (std::size_t r = 0; r < problem.rows.size(); ++r) {
    Form row = zero();
    for (std::size_t i = 0; i < forms_.size(); ++i) {
      add_to(row, problem.rows[r].outputs[i], forms_[i]);
    }
    for (std::size_t i = 0; i < inputs_.size() && !problem.rows[r].inputs.empty(); ++i) {
      add_to(row, problem.rows[r].inputs[i], inputs_[i]);
    }
    row.coefficients[s] = -1;
    rows.push_back(std::move(row));
  }
  // Any s that is surely too small will do: all variables are bounded.
  double reach = 1;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    double size = std::fabs(rows[r].constant) + std::fabs(problem.limits[r]);
    for (std::size_t j = 0; j < s; ++j) {
      size +=
          std::fabs(rows[r].coefficients[j]) * std::max(std::fabs(least_[j]), std::fabs(most_[j]));
    }
    reach = std::max(reach, size);
  }
  least_[s] = -reach;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    case_rows_.push_back(bound_above(rows[r], problem.limits[r]));
  }
  tableau_.set_cost(s, 1);
}

std::optional<FarkasHints> LeafProgram::solve(const Slopes& slopes) {
  if (tableau_.solve() == Tableau<double>::End::unfinished) return std::nullopt;
  FarkasHints hints;
  hints.slopes = slopes;
  for (const std::size_t row : case_rows_) hints.weights.push_back(tableau_.dual_of_row(row));
  for (const std::size_t row : sign_rows_) hints.sign_weights.push_back(tableau_.dual_of_row(row));
  for (const OpenRelu& relu : relus_) {
    const double along = tableau_.dual_of_row(relu.row);
    const double flat = tableau_.dual_of_variable(relu.variable);
    if (!(along + flat > 0)) continue;
    hints.slopes[relu.layer][relu.neuron] = std::round(along / (along + flat) * 255) / 255;
  }
  // Signs alone can rule a box out: then no row counts.
  const double total = std::accumulate(hints.weights.begin(), hints.weights.end(), 0.0) +
                       std::accumulate(hints.sign_weights.begin(), hints.sign_weights.end(), 0.0);
  if (!(total > 0)) return std::nullopt;
  return hints;
}

}  // namespace

std::size_t count_open(const Network& network, const Bounds& bounds) {
  std::size_t open = 0;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    for (std::size_t i = 0; i < network.layers[k].out; ++i) {
      open += is_open(network, bounds, k, i) ? 1 : 0;
    }
  }
  return open;
}

std::optional<FarkasHints> solve_leaf(const Network& network, const Problem& problem,
                                      const Bounds& bounds, const Box& box,
                                      const std::vector<SignSplit>& signs, const Slopes& slopes) {
  const std::size_t open = count_open(network, bounds);
  const std::size_t columns = network.inputs + open + 1;
  const std::size_t rows = network.inputs + 2 * open + problem.rows.size() + signs.size();
  if (columns * rows > entries_max) return std::nullopt;
  LeafProgram program(network, bounds, box, open);
  program.pass_layers(signs);
  program.add_rows(problem);
  return program.solve(slopes);
}

}  // namespace isotrace::proofs::search
