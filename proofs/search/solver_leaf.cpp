#include <isotrace/proofs/search/solver_leaf.hpp>

#include <isotrace/smt/encode_network.hpp>
#include <isotrace/smt/solve_z3.hpp>

namespace isotrace::proofs::search {
namespace {

smt::AffineLayer exact_layer(const Layer& layer) {
  smt::AffineLayer exact;
  exact.relu = layer.activated;
  for (std::size_t o = 0; o < layer.out; ++o) {
    exact.bias.push_back(core::exact_rational(layer.bias[o]));
    std::vector<core::Rational>& row = exact.weights.emplace_back(layer.in);
    layer.for_each_weight(
        o, [&](std::size_t i, double weight) { row[i] = core::exact_rational(weight); });
  }
  return exact;
}

}  // namespace

std::optional<std::vector<double>> find_real_counterexample(const Network& network,
                                                            const Case& unsafe,
                                                            int wall_milliseconds) {
  std::size_t neurons = network.inputs;
  for (const Layer& layer : network.layers) neurons += layer.out;
  if (neurons > smt::network_neurons_max) return std::nullopt;
  for (const Layer& layer : network.layers) {
    // The encoding knows layers whose ReLU applies to all neurons, and rows over outputs.
    if (layer.activated && layer.relu_order.size() != layer.out) return std::nullopt;
  }
  for (const LinearRow& row : unsafe.rows) {
    if (!row.input_terms.empty()) return std::nullopt;
  }
  smt::NetworkQuery query;
  for (const InputRange& range : unsafe.box) query.box.emplace_back(range.lower, range.upper);
  for (const Layer& layer : network.layers) query.layers.push_back(exact_layer(layer));
  for (const LinearRow& row : unsafe.rows) {
    smt::LinearConstraint constraint{std::vector<core::Rational>(network.outputs()), row.bound,
                                     row.strict};
    for (const Term& term : row.terms) {
      constraint.coefficients[network.output_neurons[term.index]] += term.coefficient;
    }
    query.constraints.push_back(std::move(constraint));
  }
  const auto text = smt::encode_network(query);
  if (!text) return std::nullopt;
  smt::SolverLimits limits;
  limits.wall_milliseconds = wall_milliseconds;
  const auto answer = smt::solve_z3(*text, limits);
  if (!answer || answer->kind != smt::SolverAnswer::Kind::sat) return std::nullopt;
  std::vector<double> point;
  for (std::size_t i = 0; i < network.inputs; ++i) {
    const auto value = answer->model.find(smt::input_name(i));
    if (value == answer->model.end()) return std::nullopt;
    point.push_back(value->second.convert_to<double>());
  }
  return point;
}

}  // namespace isotrace::proofs::search
