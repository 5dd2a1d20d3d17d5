// NegativeLogLikelihoodLoss: a weighted mean of single elements; TfIdfVectorizer: counts by
// weights.
#include <algorithm>
#include <cmath>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/operand_list.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

/// One product each, around the canonical ones.
Bounds bound_products_alone(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  std::vector<Band> bands;
  for (const double y : read_reals(subject.results[0])) {
    const double error = 2 * (a.roundoff() * std::fabs(y) + a.underflow());
    bands.push_back(std::isfinite(y) ? a.round({y, error}) : unknown_band());
  }
  return one_bound(std::move(bands));
}

/// The sum of all weights that are asked for; as many ones without weights.
core::Result<double> sum_weights(const Subject& subject) {
  ISOTRACE_TRY(const auto targets, reference::read_indices(subject.operand(1)));
  const Reals weights = subject.has(2) ? read_reals(subject.operand(2)) : Reals{};
  const bool ignores = subject.node.integer("has_ignore_index") != 0;
  double sum = 0;
  for (const std::int64_t target : targets) {
    if (ignores && target == subject.node.integer("ignore_index")) continue;
    const double weight = weights.empty() ? 1.0 : weights[static_cast<std::size_t>(target)];
    if (weight < 0) return std::nan("");  // their sum may cancel: nothing is said
    sum += weight;
  }
  return sum;
}

double magnitude(double x) { return std::fabs(x); }

}  // namespace

Bounds bound_loss(const Subject& subject) {
  const bool is_loss = subject.node.op == Op::negative_log_likelihood_loss;
  const std::string reduction = is_loss ? subject.node.text("reduction") : "none";
  if (reduction == "none") return bound_products_alone(subject);
  core::Node summing = subject.node;
  for (core::Attribute& attribute : summing.attributes) {
    if (attribute.name == "reduction") attribute.value = std::string("sum");
  }
  ISOTRACE_TRY(const core::Tensor value, evaluate_wide(subject, summing));
  ISOTRACE_TRY(const core::Tensor reach, evaluate_wide(subject, summing, magnitude));
  const Arithmetic a = subject.arithmetic();
  const auto terms = static_cast<double>(subject.operand(1).elements());
  Band band = a.sum(value.data<double>()[0], std::fabs(reach.data<double>()[0]), terms, 1);
  if (reduction == "mean") {
    ISOTRACE_TRY(const double weight, sum_weights(subject));
    const bool known = std::isfinite(weight) && weight > 0 && std::isfinite(band.error);
    band = known ? a.divide(band, a.sum(weight, weight, terms)) : unknown_band();
  }
  return one_bound({band});
}

}  // namespace isotrace::executor
