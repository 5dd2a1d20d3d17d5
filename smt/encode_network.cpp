#include <isotrace/smt/encode_network.hpp>

namespace isotrace::smt {
namespace {

using core::Rational;
using core::RefusalCode;
using sorted::Term;

/// constant + coefficients * values, zero coefficients left out.
Term linear(sorted::Pool& pool, const std::vector<Rational>& coefficients,
            const std::vector<Term>& values, const Rational& constant) {
  std::vector<Term> parts = {pool.real(constant)};
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    if (coefficients[i] == 0) continue;
    parts.push_back(pool.product(pool.real(coefficients[i]), values[i]));
  }
  return pool.sum(std::move(parts));
}

core::Result<core::Done> check_sizes(const NetworkQuery& query) {
  std::size_t width = query.box.size();
  std::size_t neurons = width;
  std::size_t relus = 0;
  for (std::size_t k = 0; k < query.layers.size(); ++k) {
    const AffineLayer& layer = query.layers[k];
    const std::string place = "layer " + std::to_string(k);
    if (layer.weights.size() != layer.bias.size()) {
      return core::refuse(RefusalCode::shape_mismatch, place, "weights and bias");
    }
    for (const auto& row : layer.weights) {
      if (row.size() != width) return core::refuse(RefusalCode::shape_mismatch, place, "row size");
    }
    width = layer.weights.size();
    neurons += width;
    relus += layer.relu ? width : 0;
  }
  for (const LinearConstraint& constraint : query.constraints) {
    if (constraint.coefficients.size() != width) {
      return core::refuse(RefusalCode::shape_mismatch, "constraint", "row size");
    }
  }
  if (relus > network_relus_max || neurons > network_neurons_max) {
    return core::refuse(RefusalCode::limit_exceeded, "network",
                        std::to_string(relus) + " ReLUs, " + std::to_string(neurons) + " neurons");
  }
  return core::Done{};
}

}  // namespace

std::string input_name(std::size_t index) { return "x" + std::to_string(index); }

core::Result<Term> encode_network(sorted::Pool& pool, const NetworkQuery& query) {
  ISOTRACE_TRY_DONE(check_sizes(query));
  Term all = pool.boolean(true);
  const auto demand = [&](Term low, Term high, bool strict) {
    all = pool.bool_and(all, strict ? pool.below(low, high) : pool.at_most(low, high));
  };
  std::vector<Term> values;
  for (std::size_t i = 0; i < query.box.size(); ++i) {
    const NetworkInput& input = query.box[i];
    const auto sort = input.whole ? sorted::integer_sort : sorted::real_sort;
    const Term variable = pool.variable(input_name(i), sort);
    values.push_back(input.whole ? pool.make(sorted::Operation::to_real, {variable}) : variable);
    demand(pool.real(input.lower), values[i], input.lower_strict);
    demand(values[i], pool.real(input.upper), input.upper_strict);
  }
  const Term zero = pool.real(0);
  for (const AffineLayer& layer : query.layers) {
    std::vector<Term> results;
    for (std::size_t o = 0; o < layer.bias.size(); ++o) {
      const Term sum = linear(pool, layer.weights[o], values, layer.bias[o]);
      results.push_back(layer.relu ? pool.ite(pool.at_most(sum, zero), zero, sum) : sum);
    }
    values = std::move(results);
  }
  for (const LinearConstraint& constraint : query.constraints) {
    const Term sum = linear(pool, constraint.coefficients, values, Rational(0));
    demand(sum, pool.real(constraint.bound), constraint.strict);
  }
  ISOTRACE_TRY_DONE(pool.check());
  return all;
}

}  // namespace isotrace::smt
