// rsqrt x = 1 / sqrt(x), one rounding (docs/spec/math.md).
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {

float rsqrt(float x) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (x == 0) return std::copysign(infinity, x);
  if (!(x > 0)) return core::canonical(std::numeric_limits<float>::quiet_NaN());
  if (x == infinity) return 0;
  return round_certainly(divide({1.0, 0.0}, square_root({x, 0.0})));
}

}  // namespace isotrace::reference::trusted
