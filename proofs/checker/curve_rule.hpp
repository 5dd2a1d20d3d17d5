// Lines below and above the logistic curve and tanh. Trusted base. Both are the same odd function,
// c(x) = 1 / (1 + exp(-x)) - 1/2, which is convex below 0 and concave above: Sigmoid is c(x) + 1/2,
// Tanh is 2 c(2 x). Which line is taken is a matter of taste; that it stays below is shown here.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>

#include "bounds.hpp"
#include "network.hpp"

namespace isotrace::proofs {

/// lower <= value <= -negated_upper.
struct Enclosure {
  double lower;
  double negated_upper;
};

/// exp(x) for 0 <= x <= 300, to about 2^-38.
Enclosure exponential(double x);

/// The least of f(x) - slope x for low <= x <= high where a convex f is at least `value` at p and
/// rises there by `rise`.
double least_above_tangent(double low, double high, double p, double slope, double value,
                           Enclosure rise);

/// c(x), to about 2^-38. To be called while rounding downward, like all that follows.
Enclosure centred_logistic(double x);

/// c(x) >= slope * x + shift for low <= x <= high.
struct LineBelow {
  double slope;
  double shift;
};
LineBelow line_below(double low, double high);

/// For z in its bounds, the *computed* h obeys
///     lower_slope z + lower_shift <= h <= upper_slope z - negated_upper_shift.
/// Elements from `active` on are handed on: h = z.
struct CurveRelaxation {
  std::vector<double> lower_slope, lower_shift, upper_slope, negated_upper_shift;
};
CurveRelaxation relax_curve(Layer::Kind kind, Level level, const Bounds& input, std::size_t active);

/// The computed results for computed inputs: c is monotone, and the error is added.
void bound_curve(Layer::Kind kind, Level level, std::size_t active, const Bounds& input,
                 Bounds& output);

}  // namespace isotrace::proofs
