// [math.sin] [math.cos] [math.tan] by exact reduction and the Taylor series on |r| <= pi/4.
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/angle.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trig_series.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

bool is_finite(float x) { return std::fabs(x) <= std::numeric_limits<float>::max(); }
float nan() { return core::canonical(std::numeric_limits<float>::quiet_NaN()); }

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
