#include "output_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isotrace::proofs {
namespace {

std::string find_multiplier_fault(std::size_t rows, std::size_t signs,
                                  const std::vector<double>& multipliers) {
  if (rows == 0) return "the case has no row that could fail";
  if (multipliers.size() != rows && multipliers.size() != rows + signs) {
    return "wrong number of multipliers";
  }
  const auto allowed = [](double w) { return w >= 0 && w <= coefficient_max; };
  if (!std::all_of(multipliers.begin(), multipliers.end(), allowed)) {
    return "a multiplier is negative or not a number of the allowed size";
  }
  const auto positive = [](double w) { return w > 0; };
  if (std::none_of(multipliers.begin(), multipliers.end(), positive)) {
    return "all multipliers are zero";
  }
  return {};
}

/// The terms of the weighted sum; its constant goes to `constant`, rounded downward.
std::vector<FormTerm> weighted_terms(const OutputRows& rows, const std::vector<SignSplit>& signs,
                                     const std::vector<double>& multipliers, double& constant) {
  std::vector<FormTerm> sum;
  for (std::size_t r = 0; r < rows.rows.size(); ++r) {
    const double weight = multipliers[r];
    for (const FormTerm& term : rows.rows[r].terms) {
      sum.push_back({term.layer, term.element, weight * term.lower, -(weight * -term.upper)});
    }
    constant += weight * -rows.rows[r].bound_upper;
  }
  for (std::size_t s = rows.rows.size(); s < multipliers.size(); ++s) {
    const SignSplit& split = signs[s - rows.rows.size()];
    const double weight = -multipliers[s] * split.sign;
    sum.push_back({split.layer, split.element, weight, weight});
  }
  return sum;
}

/// A lower bound of a sum of terms from the bounds of each element alone.
double bound_directly(const std::vector<FormTerm>& terms, double constant,
                      const NetworkBounds& bounds) {
  for (const FormTerm& term : terms) {
    const double low = bounds[term.layer].values.lower[term.element];
    const double high = bounds[term.layer].values.upper[term.element];
    if (!(std::fabs(term.lower) <= coefficient_max && std::fabs(term.upper) <= coefficient_max)) {
      return -std::numeric_limits<double>::infinity();
    }
    constant += std::min(std::min(term.lower * low, term.lower * high),
                         std::min(term.upper * low, term.upper * high));
  }
  return constant;
}

/// A lower bound of a sum of terms over the outputs y, where these are results of one Softmax: none
/// is negative, and their sum errs from 1 by the roundings of its sum and of a quotient.
double bound_as_distribution(const Network& network, const std::vector<FormTerm>& terms,
                             double constant) {
  std::vector<double> coefficients(network.outputs(), 0.0);
  for (const FormTerm& term : terms) {
    if (term.layer != network.layers.size()) return -HUGE_VAL;
    coefficients[term.element] += term.lower;
  }
  const double least = *std::min_element(coefficients.begin(), coefficients.end());
  if (!(std::fabs(least) <= coefficient_max)) return -HUGE_VAL;
  const double error = error_bound(rounding_model(Level::any_order, network.outputs() + 2), -1);
  return constant + least * (least < 0 ? -(-error - 1) : 1 - error);
}

/// Results of Softmax and LogSoftmax are in the order of operands that are further apart than this,
/// if the greater one is at most spread_max below any (docs/proofs/checker.md).
constexpr double order_gap = 0x1p-15;
constexpr double spread_max = 80;

bool keeps_order(const Network& network, const OutputRows& rows, const NodeBounds& bounds) {
  const std::size_t count = network.outputs();
  LinearForms forms(2 * count, count);
  for (std::size_t i = 0; i < 2 * count; ++i) forms.row(i)[i % count] = i < count ? 1 : -1;
  const auto least = bound_below(substitute(network, network.layers.size(), bounds.layers,
                                            {&bounds.relaxations, 1}, std::move(forms), {}),
                                 bounds.layers[0].values);
  const double negated_most = *std::min_element(least.begin() + std::ptrdiff_t(count), least.end());
  return std::all_of(rows.rows.begin(), rows.rows.end(), [&](const OutputRows::Row& row) {
    const FormTerm& greater = row.terms[row.terms[0].lower > 0 ? 0 : 1];
    return least[greater.element] + negated_most >= -spread_max;
  });
}

/// What a leaf or a clipped split speaks of: the terms and the constant of the weighted sum, and a
/// form over the inputs below it.
struct WeightedSum {
  std::vector<FormTerm> terms;
  double constant = 0;
  LinearForms linear{0, 0};
};

/// The weighted sum of a node's multipliers with its slopes; or why there is none.
std::string bound_sum(const Network& network, const OutputRows& rows, const NodeBounds& bounds,
                      const std::vector<SignSplit>& signs, const ProofNode& node,
                      WeightedSum& sum) {
  std::string fault = find_multiplier_fault(rows.rows.size(), signs.size(), node.multipliers);
  if (!fault.empty()) return fault;
  if (network.order_only && !keeps_order(network, rows, bounds)) {
    return "values too far apart for Softmax to keep their order";
  }
  Relaxations with_slopes;
  if (!node.slopes.empty()) {
    fault = relax_with_slopes(network, network.layers.size(), bounds.layers, bounds.relaxations,
                              node.slopes, with_slopes);
    if (!fault.empty()) return fault;
  }
  sum.terms = weighted_terms(rows, signs, node.multipliers, sum.constant);
  LinearForms form(1, network.outputs());
  form.constants[0] = sum.constant;
  sum.linear = substitute(network, network.layers.size(), bounds.layers,
                          {node.slopes.empty() ? &bounds.relaxations : &with_slopes, 1},
                          std::move(form), sum.terms);
  return {};
}

}  // namespace

bool compares_outputs(const Property& property) {
  const auto compares = [](const LinearRow& row) {
    return row.input_terms.empty() && row.terms.size() == 2 && row.bound <= 0 &&
           abs(row.terms[0].coefficient) == 1 &&
           row.terms[0].coefficient == -row.terms[1].coefficient;
  };
  return std::all_of(property.cases.begin(), property.cases.end(), [&](const Case& unsafe) {
    return std::all_of(unsafe.rows.begin(), unsafe.rows.end(), compares);
  });
}

OutputRows output_rows(const Network& network, const Case& unsafe) {
  OutputRows made;
  for (const LinearRow& row : unsafe.rows) {
    OutputRows::Row out{{}, core::round_up(row.bound), row.strict};
    if (network.order_only) {  // y_k <= y_j, so z_k - z_j <= order_gap
      out = {{}, order_gap, false};
    }
    const auto add = [&](std::size_t layer, const std::vector<Term>& terms) {
      for (const Term& term : terms) {
        out.terms.push_back({layer, term.index, core::round_down(term.coefficient),
                             core::round_up(term.coefficient)});
      }
    };
    add(network.layers.size(), row.terms);
    add(0, row.input_terms);
    made.rows.push_back(std::move(out));
  }
  return made;
}

std::string clip_box(const Network& network, const OutputRows& rows, const NodeBounds& bounds,
                     const std::vector<SignSplit>& signs, const ProofNode& node, Bounds& box) {
  WeightedSum sum;
  std::string fault = bound_sum(network, rows, bounds, signs, node, sum);
  if (!fault.empty()) return fault;
  // A wanted input has sum m_i x_i + c <= 0, so m_j x_j is at most minus the least of the rest,
  // which is the least of all without the least of m_j x_j.
  const double* m = sum.linear.row(0);
  const double least = bound_below(sum.linear, box)[0];
  for (std::size_t j = 0; j < network.inputs; ++j) {
    if (m[j] == 0) continue;
    double& lower = box.lower[j];
    double& upper = box.upper[j];
    const double rest = least + (m[j] > 0 ? -m[j] * lower : -m[j] * upper);
    const double end = m[j] > 0 ? -(rest / m[j]) : rest / -m[j];
    if (m[j] > 0 ? end < upper : end > lower) (m[j] > 0 ? upper : lower) = end;
    if (lower > upper) return "the clip leaves nothing to split";
  }
  return {};
}

std::string find_leaf_fault(const Network& network, const OutputRows& rows, const NodeBounds& node,
                            const std::vector<SignSplit>& signs, const ProofNode& leaf) {
  WeightedSum sum;
  std::string fault = bound_sum(network, rows, node, signs, leaf, sum);
  if (!fault.empty()) return fault;
  double direct = bound_directly(sum.terms, sum.constant, node.layers);
  if (network.is_distribution) {
    direct = std::max(direct, bound_as_distribution(network, sum.terms, sum.constant));
  }
  const double least =
      std::max(direct, bound_below(std::move(sum.linear), node.layers[0].values)[0]);
  bool strict = false;
  for (std::size_t r = 0; r < rows.rows.size(); ++r) {
    strict = strict || (rows.rows[r].strict && leaf.multipliers[r] > 0);
  }
  if (least > 0 || (strict && least >= 0)) return {};
  return "the bound does not exclude the unsafe rows";
}

}  // namespace isotrace::proofs
