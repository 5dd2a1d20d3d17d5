// [math.sin] [math.cos] [math.tan] by exact reduction and the Taylor series on |r| <= pi/4.
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/angle.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

constexpr int terms = 14;  // z <= 0.617: the first term left out is below 2^-105 of either sum

/// 1 - z/(a 2) (1 - z/(a' 4) (1 - ...)), a = 2n - 1 or 2n + 1 in step n: each step's error is
/// scaled down by the ones before it, so the sum's stays below 2^-100.
DoubleDouble alternating_series(DoubleDouble z, int offset) {
  DoubleDouble sum = {1.0, 0.0};
  for (int n = terms; n >= 1; --n) {
    const double divisor = 2.0 * n * (2 * n + offset);
    sum = add(negate(divide(multiply(z, sum), {divisor, 0.0})), 1.0);
  }
  return sum;
}

DoubleDouble sine(DoubleDouble r) { return multiply(r, alternating_series(multiply(r, r), 1)); }
DoubleDouble cosine(DoubleDouble r) { return alternating_series(multiply(r, r), -1); }

bool is_finite(float x) { return std::fabs(x) <= std::numeric_limits<float>::max(); }
float nan() { return core::canonical(std::numeric_limits<float>::quiet_NaN()); }

/// sin(quadrant pi/2 + r).
DoubleDouble sine_in_quadrant(unsigned quadrant, DoubleDouble r) {
  const DoubleDouble value = quadrant % 2 == 0 ? sine(r) : cosine(r);
  return quadrant % 4 < 2 ? value : negate(value);
}

}  // namespace

float sin(float x) {
  if (!is_finite(x)) return nan();
  if (x == 0) return x;
  const ReducedAngle angle = reduce_angle_exactly(x);
  return round_certainly(sine_in_quadrant(angle.quadrant, angle.r));
}

float cos(float x) {
  if (!is_finite(x)) return nan();
  if (x == 0) return 1;
  const ReducedAngle angle = reduce_angle_exactly(x);
  return round_certainly(sine_in_quadrant(angle.quadrant + 1, angle.r));
}

float tan(float x) {
  if (!is_finite(x)) return nan();
  if (x == 0) return x;
  const ReducedAngle angle = reduce_angle_exactly(x);
  return round_certainly(divide(sine_in_quadrant(angle.quadrant, angle.r),
                                sine_in_quadrant(angle.quadrant + 1, angle.r)));
}

}  // namespace isotrace::reference::trusted
