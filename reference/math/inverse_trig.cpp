// [math.asin] [math.acos] [math.atan], all three by the arc tangent of a quotient.
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/arc_series.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

constexpr DoubleDouble pi = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};
float nan() { return core::canonical(std::numeric_limits<float>::quiet_NaN()); }

}  // namespace

float asin(float x) {
  const double magnitude = std::fabs(static_cast<double>(x));
  if (!(magnitude <= 1)) return nan();
  if (x == 0) return x;
  if (magnitude == 1) return std::copysign(round_certainly(half_pi), x);
  return std::copysign(round_certainly(arc_sine(magnitude)), x);
}

float acos(float x) {
  if (!(std::fabs(x) <= 1)) return nan();
  if (x == 1) return 0;
  if (x == -1) return round_certainly(pi);
  return round_certainly(arc_cosine(x));
}

float atan(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0) return x;
  const double magnitude = std::fabs(static_cast<double>(x));
  if (magnitude > 0x1p100) return std::copysign(round_certainly(half_pi), x);  // 1/|x| < 2^-100
  return std::copysign(round_certainly(arc_tangent({magnitude, 0.0}, {1.0, 0.0})), x);
}

}  // namespace isotrace::reference::trusted
