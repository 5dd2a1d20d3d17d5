#include "convex_rule.hpp"

#include <algorithm>
#include <cmath>

namespace isotrace::proofs {
namespace {

constexpr double exponent_max = 300;     // where the series still holds; exp of it is above 2^400
constexpr double guess_slack = 0x1p-36;  // about how well exponential() knows what it encloses

Enclosure exponential_of(double x) {
  if (!(std::fabs(x) <= exponent_max)) return {0, x < 0 ? -0x1p-400 : -HUGE_VAL};
  const Enclosure e = exponential(std::fabs(x));
  return x < 0 ? Enclosure{1 / -e.negated_upper, -1 / e.lower} : e;
}

/// log(1 + v) for 0 <= v <= 1, which is not above v. Newton's steps give a guess; as exp ascends,
/// what is known of exp there says on which side of it the logarithm lies.
Enclosure logarithm_beside_one(Enclosure v) {
  double guess = v.lower / (1 + 0.5 * v.lower);
  for (int i = 0; i < 4; ++i) guess += (1 + v.lower) / exponential(guess).lower - 1;
  const double low = std::max(guess - guess_slack, 0.0);
  const double high = std::max(guess + guess_slack, 0.0);
  const bool is_below = -exponential(low).negated_upper <= 1 + v.lower;
  const bool is_above = exponential(high).lower >= -(v.negated_upper - 1);
  return {is_below ? low : 0, is_above ? std::max(-high, v.negated_upper) : v.negated_upper};
}

Enclosure slope_of(Layer::Kind kind, double x) {
  if (kind == Layer::Kind::exp) return exponential_of(x);
  if (kind == Layer::Kind::reciprocal) {
    const Enclosure r = convex_value(kind, x);
    return {r.negated_upper * -r.negated_upper, r.lower * r.lower};
  }
  const Enclosure c = centred_logistic(x);
  return {c.lower + 0.5, c.negated_upper - 0.5};
}

}  // namespace

Enclosure convex_value(Layer::Kind kind, double x) {
  if (kind == Layer::Kind::exp) return exponential_of(x);
  if (kind == Layer::Kind::reciprocal) return {1 / std::max(x, 1.0), -1 / std::max(x, 1.0)};
  // log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)).
  const Enclosure rest = logarithm_beside_one(exponential_of(-std::fabs(x)));
  return {std::max(x, 0.0) + rest.lower, rest.negated_upper - std::max(x, 0.0)};
}

LineBelow convex_line_below(Layer::Kind kind, double low, double high) {
  if (kind == Layer::Kind::reciprocal) low = std::max(low, 1.0);
  high = std::max(low, high);
  const double p = 0.5 * low + 0.5 * high;
  const Enclosure rise = slope_of(kind, p);
  const double slope = 0.5 * rise.lower - 0.5 * rise.negated_upper;
  return {slope, least_above_tangent(low, high, p, slope, convex_value(kind, p).lower, rise)};
}

/// What is convex lies below a line where both ends do.
LineBelow convex_line_above(Layer::Kind kind, double low, double high) {
  if (kind == Layer::Kind::reciprocal) low = std::max(low, 1.0);
  high = std::max(low, high);
  const Enclosure first = convex_value(kind, low);
  const Enclosure last = convex_value(kind, high);
  const double slope = high > low ? (last.lower - first.lower) / (high - low) : 0;
  return {slope, std::min(first.negated_upper + slope * low, last.negated_upper + slope * high)};
}

}  // namespace isotrace::proofs
