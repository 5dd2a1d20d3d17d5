#include <isotrace/proofs/search/curves.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace isotrace::proofs::search {
namespace {

constexpr int bisections = 48;
/// What the checker's enclosures may lose beyond the error of computed results.
constexpr double enclosure_loss = 0x1p-36;

/// exp(x) for |x| <= 300, with Taylor's series at x / 1024.
double exponential(double x) {
  if (!(std::fabs(x) <= 300)) return x < 0 ? 0 : 1e300;
  const double t = std::fabs(x) / 1024;
  double sum = 1;
  for (int k = 10; k > 0; --k) sum = 1 + t / k * sum;
  for (int k = 0; k < 10; ++k) sum *= sum;
  return x < 0 ? 1 / sum : sum;
}

/// 1 / (1 + exp(x)) for x >= 0.
double tail(double x) {
  if (!(x <= 100)) return 0;
  return 1 / (1 + exponential(x));
}

/// log(1 + exp(x)), by Newton's steps towards log(1 + v) with v = exp(-|x|).
double softplus(double x) {
  const double v = exponential(-std::fabs(x));
  double y = v / (1 + 0.5 * v);
  for (int i = 0; i < 4; ++i) y += (1 + v) / exponential(y) - 1;
  return std::max(0.0, x) + std::max(0.0, y);
}

double centred(double x) { return x < 0 ? tail(-x) - 0.5 : 0.5 - tail(x); }

double centred_slope(double x) {
  const double p = tail(std::fabs(x));
  return p * (1 - p);
}

/// Where a tangent from (high, c(high)) touches the convex side, or `low` if that is further left.
double touching_point(double low, double high) {
  const double target = centred(high);
  const auto is_above = [&](double p) {
    return centred(p) + centred_slope(p) * (high - p) >= target;
  };
  if (is_above(low)) return low;
  double left = low;
  double right = 0;
  for (int i = 0; i < bisections; ++i) {
    const double middle = 0.5 * (left + right);
    (is_above(middle) ? right : left) = middle;
  }
  return right;
}

/// c(x) >= slope * x + shift: a tangent of the convex side where one stays below, else the chord.
Line line_below(double low, double high) {
  const bool crosses = low < 0 && high > 0;
  const double p = crosses ? touching_point(low, high) : 0.5 * (low + high);
  if (low < 0 && (!crosses || p > low)) {
    const double slope = centred_slope(p);
    return {slope, centred(p) - slope * p};
  }
  const double slope = high > low ? (centred(high) - centred(low)) / (high - low) : 0;
  return {slope, std::min(centred(low) - slope * low, centred(high) - slope * high)};
}

/// round(x) >= slope * x + shift: through the ends of steps, which are at k + 1/2 and at `high`.
Line line_below_steps(double low, double high) {
  const double first = nearest_integer(low);
  const double last = nearest_integer(high);
  if (!(first < last)) return {0, first};
  const double edge = first + 0.5;
  double slope = 1;
  if (last == first + 1) slope = high - edge > edge - low ? 1 / (high - edge) : 0;
  const double former = std::min(first - slope * edge, last - 1 - slope * (last - 0.5));
  return {slope, std::min(former, last - slope * high)};
}

/// A tangent in the middle below, the chord above.
CurvePiece convex_piece(Activation curve, double low, double high) {
  if (curve == Activation::reciprocal) low = std::max(low, 1.0);
  high = std::max(low, high);
  const double p = 0.5 * low + 0.5 * high;
  const double touched = activate(curve, p);
  const double slope = activation_slope(curve, touched);
  const double first = activate(curve, low);
  const double last = activate(curve, high);
  const double chord = high > low ? (last - first) / (high - low) : 0;
  const double loss = enclosure_loss * std::max(1.0, std::max(first, last));
  return {std::min(first, last) * (1 - enclosure_loss) - (curve == Activation::softplus ? loss : 0),
          std::max(first, last) + loss,
          {slope, touched - slope * p - loss},
          {chord, std::max(first - chord * low, last - chord * high) + loss}};
}

}  // namespace

double nearest_integer(double x) {
  const double below = std::floor(x);
  const double rest = x - below;
  return rest > 0.5 || (rest == 0.5 && std::fmod(below, 2) != 0) ? below + 1 : below;
}

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::round: return nearest_integer(x);
    case Activation::relu: return std::max(0.0, x);
    case Activation::sigmoid: return centred(x) + 0.5;
    case Activation::tanh: return 2 * centred(2 * x);
    case Activation::exp: return exponential(x);
    case Activation::reciprocal: return 1 / std::max(1.0, x);
    case Activation::softplus: return softplus(x);
  }
  return x;
}

double activation_slope(Activation activation, double y) {
  switch (activation) {
    case Activation::relu: return y > 0 ? 1 : 0;
    case Activation::sigmoid: return y * (1 - y);
    case Activation::tanh: return 1 - y * y;
    case Activation::round: return 1;
    case Activation::exp: return y;
    case Activation::reciprocal: return -y * y;
    case Activation::softplus: return 1 - exponential(-y);
  }
  return 1;
}

CurvePiece curve_piece(Activation curve, bool real, double low, double high) {
  if (curve == Activation::round) {
    const Line below = line_below_steps(low, high);
    const Line above = line_below_steps(-high, -low);
    return {nearest_integer(low), nearest_integer(high), below, {above.slope, -above.shift}};
  }
  if (is_convex(curve)) return convex_piece(curve, low, high);
  const double roundings = curve == Activation::tanh ? 1 : 3;
  const double error = (real ? 0 : roundings * 0x1p-24 * 1.000001) + enclosure_loss;
  const double scale = curve == Activation::tanh ? 2 : 1;
  const double centre = curve == Activation::tanh ? 0 : 0.5;
  const Line below = line_below(scale * low, scale * high);
  const Line above = line_below(-scale * high, -scale * low);
  return {activate(curve, low) - error,
          activate(curve, high) + error,
          {scale * scale * below.slope, scale * below.shift + centre - error},
          {scale * scale * above.slope, -scale * above.shift + centre + error}};
}

}  // namespace isotrace::proofs::search
