#include <isotrace/reference/math/angle.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::reference {

ReducedAngle reduce_angle_exactly(float x) {
  if (std::fabs(x) < 0.78F) return {0, {x, 0.0}};
  const auto bits = std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFF;
  const int exponent = static_cast<int>(bits >> 23) - 150;  // |x| = significand * 2^exponent
  ISOTRACE_CHECK(exponent >= -30 && exponent <= 104, x);
  const std::uint64_t significand = (bits & 0x7FFFFF) | 0x800000;
  return angle::reduce<3>(significand, exponent, std::signbit(x));
}

}  // namespace isotrace::reference
