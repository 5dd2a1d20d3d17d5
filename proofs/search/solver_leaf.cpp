#include <isotrace/proofs/search/solver_leaf.hpp>

#include <isotrace/smt/encode_network.hpp>

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

/// The question in rational numbers; nothing if the network or the case is not of the kind.
std::optional<smt::NetworkQuery> exact_query(const Network& network, const Case& unsafe) {
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
  return query;
}

}  // namespace

SolverOpinion find_real_counterexample(const Network& network, const Case& unsafe,
                                       int wall_milliseconds, const SolveText& solve) {
  const auto query = exact_query(network, unsafe);
  if (!query) return {"too large", {}, {}};
  auto text = smt::encode_network(*query);
  if (!text) return {"too large", {}, {}};
  SolverOpinion opinion;
  opinion.query = *std::move(text);
  smt::SolverLimits limits;
  limits.wall_milliseconds = wall_milliseconds;
  const auto answer = solve(opinion.query, limits);
  opinion.outcome = "nothing";
  if (!answer || answer->kind != smt::SolverAnswer::Kind::sat) return opinion;
  std::vector<core::Rational> point;
  for (std::size_t i = 0; i < network.inputs; ++i) {
    // An input that the model leaves out may be anything, so it is where the box begins.
    const auto value = answer->model.find(smt::input_name(i));
    point.push_back(value == answer->model.end() ? query->box[i].first : value->second);
  }
  opinion.outcome = "lied";
  if (!smt::satisfies(*query, point)) return opinion;
  opinion.outcome = "counterexample over the reals";
  for (const core::Rational& value : point) opinion.point.push_back(value.convert_to<double>());
  return opinion;
}

}  // namespace isotrace::proofs::search
