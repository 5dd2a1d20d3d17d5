#include "output_rows.hpp"

#include <algorithm>
#include <cmath>

namespace isotrace::proofs {
namespace {

std::string find_multiplier_fault(const OutputRows& rows, const std::vector<double>& multipliers) {
  if (rows.rows.empty()) return "the case has no row that could fail";
  if (multipliers.size() != rows.rows.size()) return "wrong number of multipliers";
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

/// The weighted sum as a form over the outputs. Each coefficient is known as an interval; its lower
/// end is taken, and the rest is charged at the output's lower bound:
/// c * y >= low * y + min(0, (high - low) * l) for l <= y.
LinearForms weighted_sum(const OutputRows& rows, const std::vector<double>& multipliers,
                         std::size_t outputs, const Bounds& values) {
  LinearForms form(1, outputs);
  std::vector<double> negated_upper(padded(outputs), 0.0);
  for (std::size_t r = 0; r < rows.rows.size(); ++r) {
    const double weight = multipliers[r];
    for (const auto& coefficient : rows.rows[r].coefficients) {
      form.row(0)[coefficient.output] += weight * coefficient.lower;
      negated_upper[coefficient.output] += weight * -coefficient.upper;
    }
    form.constants[0] += weight * -rows.rows[r].bound_upper;
  }
  for (std::size_t j = 0; j < outputs; ++j) {
    const double negated_gap = form.row(0)[j] + negated_upper[j];
    form.constants[0] += std::min(0.0, negated_gap * -values.lower[j]);
  }
  return form;
}

/// The relaxations with a leaf's slopes for its unstable elements.
std::string find_slope_fault(const Network& network, const NodeBounds& node,
                             const std::vector<std::uint8_t>& slopes, Relaxations& relaxations) {
  std::size_t unstable = 0;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    if (network.layers[k].kind != Layer::Kind::relu) continue;
    unstable += count_unstable(node.layers[k].values, network.layers[k].inputs);
  }
  const bool for_all = slopes.size() == network.relus;
  if (!for_all && slopes.size() != unstable) return "wrong number of slopes";
  std::size_t next = 0;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    const Layer& layer = network.layers[k];
    if (layer.kind != Layer::Kind::relu) continue;
    const Bounds& bounds = node.layers[k].values;
    std::vector<std::uint8_t> hints(layer.inputs);
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      if (for_all || is_unstable(bounds, i)) hints[i] = slopes[next++];
    }
    relaxations[k] = relax_relu(bounds, layer.inputs, hints.data());
  }
  return {};
}

}  // namespace

OutputRows output_rows(const Case& unsafe) {
  OutputRows made;
  for (const LinearRow& row : unsafe.rows) {
    OutputRows::Row out{{}, core::round_up(row.bound), row.strict};
    for (const Term& term : row.terms) {
      out.coefficients.push_back(
          {term.output, core::round_down(term.coefficient), core::round_up(term.coefficient)});
    }
    made.rows.push_back(std::move(out));
  }
  return made;
}

std::string find_leaf_fault(const Network& network, const OutputRows& rows, const NodeBounds& node,
                            const ProofNode& leaf) {
  std::string fault = find_multiplier_fault(rows, leaf.multipliers);
  if (!fault.empty()) return fault;
  Relaxations with_slopes;
  if (!leaf.slopes.empty()) {
    with_slopes.resize(network.layers.size());
    fault = find_slope_fault(network, node, leaf.slopes, with_slopes);
    if (!fault.empty()) return fault;
  }
  const std::size_t layers = network.layers.size();
  const double least = bound_below(
      network, layers, node.layers, leaf.slopes.empty() ? node.relaxations : with_slopes,
      weighted_sum(rows, leaf.multipliers, network.outputs(), node.layers[layers].values))[0];
  bool strict = false;
  for (std::size_t r = 0; r < rows.rows.size(); ++r) {
    strict = strict || (rows.rows[r].strict && leaf.multipliers[r] > 0);
  }
  if (least > 0 || (strict && least >= 0)) return {};
  return "the bound does not exclude the unsafe rows";
}

}  // namespace isotrace::proofs
