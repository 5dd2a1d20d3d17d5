// [math.asin] [math.acos] [math.atan], all three by the arc tangent of a quotient.
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

constexpr DoubleDouble half_pi = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
constexpr DoubleDouble pi = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};
constexpr int halvings = 3;  // t <= tan(pi/32) afterwards
constexpr int terms = 16;    // t^2 < 2^-6.6: the first term left out is below 2^-110

/// atan t for 0 < t <= 1: atan t = 2 atan(t / (1 + sqrt(1 + t^2))), three times, then the series.
/// Every step is a product or a sum of positive numbers, so the relative error stays below 2^-98.
DoubleDouble arc_tangent_up_to_1(DoubleDouble t) {
  for (int i = 0; i < halvings; ++i) {
    t = divide(t, add(square_root(add(multiply(t, t), 1.0)), 1.0));
  }
  const DoubleDouble z = negate(multiply(t, t));
  DoubleDouble sum = reciprocal(2 * terms + 1);
  for (int n = terms - 1; n >= 0; --n) sum = add(reciprocal(2 * n + 1), multiply(z, sum));
  return scale(multiply(t, sum), halvings);
}

/// atan(y / x) for positive y and x.
DoubleDouble arc_tangent(DoubleDouble y, DoubleDouble x) {
  if (y.hi <= x.hi) return arc_tangent_up_to_1(divide(y, x));
  return add(half_pi, negate(arc_tangent_up_to_1(divide(x, y))));
}

float nan() { return core::canonical(std::numeric_limits<float>::quiet_NaN()); }

}  // namespace

/// atan(|x| / sqrt((1 - |x|)(1 + |x|))).
float asin(float x) {
  const double magnitude = std::fabs(static_cast<double>(x));
  if (!(magnitude <= 1)) return nan();
  if (x == 0) return x;
  if (magnitude == 1) return std::copysign(round_certainly(half_pi), x);
  const DoubleDouble square = multiply(two_sum(1.0, -magnitude), two_sum(1.0, magnitude));
  return std::copysign(round_certainly(arc_tangent({magnitude, 0.0}, square_root(square))), x);
}

/// 2 atan(sqrt(1 - x) / sqrt(1 + x)).
float acos(float x) {
  if (!(std::fabs(x) <= 1)) return nan();
  if (x == 1) return 0;
  if (x == -1) return round_certainly(pi);
  const DoubleDouble y = square_root(two_sum(1.0, -static_cast<double>(x)));
  return round_certainly(scale(arc_tangent(y, square_root(two_sum(1.0, x))), 1));
}

float atan(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0) return x;
  const double magnitude = std::fabs(static_cast<double>(x));
  if (magnitude > 0x1p100) return std::copysign(round_certainly(half_pi), x);  // 1/|x| < 2^-100
  return std::copysign(round_certainly(arc_tangent({magnitude, 0.0}, {1.0, 0.0})), x);
}

}  // namespace isotrace::reference::trusted
