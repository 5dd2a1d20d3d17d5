#include "curve_rule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "convex_rule.hpp"
#include "error_model.hpp"
#include "round_rule.hpp"

namespace isotrace::proofs {
namespace {

/// From here on exp(x) > 2^144 is all that is said; exp(-144 ln 2) > exp(-100).
constexpr double exponent_max = 100;
constexpr double tail_beyond = 0x1p-144;
constexpr int bisections = 48;

/// Products and sums of numbers that are not negative.
Enclosure operator*(Enclosure a, Enclosure b) {
  return {a.lower * b.lower, a.negated_upper * -b.negated_upper};
}
Enclosure operator+(Enclosure a, Enclosure b) {
  return {a.lower + b.lower, a.negated_upper + b.negated_upper};
}
constexpr Enclosure one{1, -1};

Enclosure quotient(double numerator, double denominator) {
  return {numerator / denominator, -numerator / denominator};
}

/// 1 / (1 + exp(x)) for x >= 0.
Enclosure tail(double x) {
  if (!(x <= exponent_max)) return {0, -tail_beyond};
  const Enclosure sum = one + exponential(x);
  return {1 / -sum.negated_upper, -1 / sum.lower};
}

Enclosure negated(Enclosure a) { return {a.negated_upper, a.lower}; }

/// c'(x) = p (1 - p) with p = tail |x|.
Enclosure slope_at(double x) {
  const Enclosure p = tail(std::fabs(x));
  return p * Enclosure{1 + p.negated_upper, p.lower - 1};
}

double middle(Enclosure a) { return 0.5 * a.lower - 0.5 * a.negated_upper; }

/// Where a tangent from (high, c(high)) touches the convex side, or `low` if that is further left.
double touching_point(double low, double high) {
  const double target = middle(centred_logistic(high));
  const auto is_above = [&](double p) {
    return middle(centred_logistic(p)) + middle(slope_at(p)) * (high - p) >= target;
  };
  double left = low;
  double right = 0;
  if (is_above(left)) return left;
  for (int i = 0; i < bisections; ++i) {
    const double centre = 0.5 * (left + right);
    (is_above(centre) ? right : left) = centre;
  }
  return right;
}

/// How far a computed result can lie from the real one, which is at most 1. Tanh is correctly
/// rounded. Sigmoid is 1 / (1 + e) with e = exp(-x) correctly rounded: three roundings, each of
/// which changes the result by at most u relatively, unless e overflows, where the result is 0 and
/// the real one below 2^-127; underflow adds less than that again.
double curve_error(Layer::Kind kind, Level level) {
  if (kind == Layer::Kind::round) return 0;
  const RoundingModel model = rounding_model(level, kind == Layer::Kind::tanh ? 1 : 3);
  return level == Level::real ? 0 : error_bound({model.gamma, 0x1p-126}, -1);
}

/// The curve as scale * c(scale * x) + centre, where c is odd.
struct Curve {
  double scale;
  double centre;
};
Curve curve_of(Layer::Kind kind) {
  if (kind == Layer::Kind::round) return {1, 0};
  return kind == Layer::Kind::tanh ? Curve{2, 0} : Curve{1, 0.5};
}

}  // namespace

/// Taylor's nine terms at t = x / 1024 < 0.3, squared ten times. What follows the term t^9/9! is at
/// most t^9/9! (t/10) (1 + t/11 + ...) <= t^9/9! (t/5).
Enclosure exponential(double x) {
  const Enclosure t = quotient(x, 1024);
  Enclosure sum{1, -1 + t.negated_upper / 5};
  for (int k = 9; k > 0; --k) sum = one + t * quotient(1, k) * sum;
  for (int k = 0; k < 10; ++k) sum = sum * sum;
  return sum;
}

/// The tangent at p stays below f, so f(x) - slope x is at least
/// f(p) - slope p + (f'(p) - slope) (x - p).
double least_above_tangent(double low, double high, double p, double slope, double value,
                           Enclosure rise) {
  const double steepest_low = rise.lower - slope;
  const double steepest_high = -(rise.negated_upper + slope);
  const double left = low - p;
  const double right = -(p - high);
  const double change = std::min(std::min(steepest_low * left, steepest_low * right),
                                 std::min(steepest_high * left, steepest_high * right));
  return value + -slope * p + change;
}

Enclosure centred_logistic(double x) {
  const Enclosure rest = tail(std::fabs(x));
  const Enclosure value{0.5 + rest.negated_upper, rest.lower - 0.5};
  return x < 0 ? negated(value) : value;
}

LineBelow line_below(double low, double high) {
  double p = 0.5 * (low + high);  // where the tangent is taken, if there is a convex side
  double slope = 0;
  if (low < 0 && high > 0) p = touching_point(low, high);
  if (low < 0 && (high <= 0 || p > low)) {
    slope = middle(slope_at(p));
  } else if (high > low) {
    slope = (middle(centred_logistic(high)) - middle(centred_logistic(low))) / (high - low);
  }
  slope = std::max(slope, 0.0);
  // The concave side is least at its ends.
  double shift = std::numeric_limits<double>::infinity();
  if (low < 0) {
    shift = least_above_tangent(low, std::min(high, 0.0), p, slope, centred_logistic(p).lower,
                                slope_at(p));
  }
  for (const double end : {std::max(low, 0.0), high}) {
    if (high >= 0) shift = std::min(shift, centred_logistic(end).lower + -slope * end);
  }
  return {slope, shift};
}

CurveRelaxation relax_curve(Layer::Kind kind, Level level, const Bounds& input,
                            std::size_t active) {
  const std::size_t size = input.lower.size();
  CurveRelaxation made{std::vector<double>(size, 1), std::vector<double>(size, 0),
                       std::vector<double>(size, 1), std::vector<double>(size, 0)};
  for (std::size_t i = 0; i < active && is_convex(kind); ++i) {
    const LineBelow below = convex_line_below(kind, input.lower[i], input.upper[i]);
    const LineBelow above = convex_line_above(kind, input.lower[i], input.upper[i]);
    made.lower_slope[i] = below.slope;
    made.lower_shift[i] = below.shift;
    made.upper_slope[i] = above.slope;
    made.negated_upper_shift[i] = above.shift;
  }
  if (is_convex(kind)) return made;
  const Curve curve = curve_of(kind);
  const double error = curve_error(kind, level);
  const auto line = kind == Layer::Kind::round ? line_below_steps : line_below;
  for (std::size_t i = 0; i < active; ++i) {
    // c is odd: a line above is a line below, seen from the other side. Scales are exact.
    const double low = curve.scale * input.lower[i];
    const double high = curve.scale * input.upper[i];
    const LineBelow below = line(low, high);
    const LineBelow above = line(-high, -low);
    const double scale = curve.scale * curve.scale;
    made.lower_slope[i] = scale * below.slope;
    made.upper_slope[i] = scale * above.slope;
    made.lower_shift[i] = curve.scale * below.shift + curve.centre - error;
    made.negated_upper_shift[i] = curve.scale * above.shift - curve.centre - error;
  }
  return made;
}

void bound_curve(Layer::Kind kind, Level level, std::size_t active, const Bounds& input,
                 Bounds& output) {
  output = input;
  if (kind == Layer::Kind::round) {
    std::transform(input.lower.begin(), input.lower.begin() + static_cast<std::ptrdiff_t>(active),
                   output.lower.begin(), nearest_integer);
    std::transform(input.upper.begin(), input.upper.begin() + static_cast<std::ptrdiff_t>(active),
                   output.upper.begin(), nearest_integer);
    return;
  }
  for (std::size_t i = 0; i < active && is_convex(kind); ++i) {
    const bool falls = kind == Layer::Kind::reciprocal;
    output.lower[i] = convex_value(kind, falls ? input.upper[i] : input.lower[i]).lower;
    output.upper[i] = -convex_value(kind, falls ? input.lower[i] : input.upper[i]).negated_upper;
  }
  if (is_convex(kind)) return;
  const Curve curve = curve_of(kind);
  const double error = curve_error(kind, level);
  for (std::size_t i = 0; i < active; ++i) {
    const Enclosure low = centred_logistic(curve.scale * input.lower[i]);
    const Enclosure high = centred_logistic(curve.scale * input.upper[i]);
    output.lower[i] = curve.scale * low.lower + curve.centre - error;
    output.upper[i] = -(curve.scale * high.negated_upper - curve.centre - error);
  }
}

}  // namespace isotrace::proofs
