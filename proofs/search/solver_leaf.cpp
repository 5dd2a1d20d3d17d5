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
  for (std::size_t i = 0; i < network.inputs; ++i) {
    const InputRange& range = unsafe.box[i];
    query.box.push_back({range.lower, range.upper, network.find_whole(i) != nullptr,
                         range.lower_strict, range.upper_strict});
  }
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

core::Result<SolverOpinion> find_real_counterexample(const Network& network, const Case& unsafe,
                                                     const smt::DecideOptions& options,
                                                     const smt::SolveFunction& solve) {
  const auto query = exact_query(network, unsafe);
  if (!query) return SolverOpinion{};
  smt::sorted::Pool pool;
  const auto asked = smt::encode_network(pool, *query);
  if (!asked) return SolverOpinion{};
  SolverOpinion opinion;
  auto decision = smt::decide_with(pool, *asked, options, solve);
  if (!decision && decision.error().code == core::RefusalCode::sandbox_failed) return opinion;
  ISOTRACE_TRY(opinion.decision, std::move(decision));
  if (opinion.decision.kind != smt::Decision::Kind::sat) return opinion;
  for (std::size_t i = 0; i < network.inputs; ++i) {
    const auto value = opinion.decision.model.numbers.find(smt::input_name(i));
    const auto& numbers = opinion.decision.model.numbers;
    opinion.point.push_back(value == numbers.end() ? 0.0 : value->second.convert_to<double>());
  }
  return opinion;
}

}  // namespace isotrace::proofs::search
