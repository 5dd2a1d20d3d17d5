// [math.pow] x^y for binary32 x and any binary64 y, correctly rounded. Special cases are those of
// IEEE 754-2019 (9.2.1). Otherwise 2^(y log2 |x|) in binary64, and where that leaves the rounding
// in doubt, integers (pow.hpp).
#include <isotrace/reference/math/pow.hpp>

#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/approximations.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/scalar_lane.hpp>

namespace isotrace::reference {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// log2 errs by less than 2^-49 of itself, and |y log2 x| < 2^8 where that matters: the power errs
/// by less than 2^-41 of itself.
constexpr double power_error_max = 0x1p-39;

bool is_integer(double y) { return y == std::floor(y) && std::fabs(y) != infinity; }
/// Of an integer.
bool is_odd(double y) { return std::fabs(y) < 0x1p53 && y / 2 != std::floor(y / 2); }

/// x^y for x = 0 or |x| = inf or 1, y not 0, or |y| = inf; the sign is left out.
float power_at_limits(float magnitude, double y) {
  if (magnitude == 1) return 1;
  return (magnitude > 1) == (y > 0) ? infinity : 0.0F;
}

/// For 0 < x < inf, x not 1, y finite and not 0.
float power_of_positive(float x, double y) {
  // Common in norms: one exact product or one correctly rounded root.
  if (y == 2) return static_cast<float>(static_cast<double>(x) * static_cast<double>(x));
  if (y == 0.5) return std::sqrt(x);
  const double exponent = y * Log2::value<Fine>(ScalarLane(x)).value;
  const double value = Exp2::value<Fine>(ScalarLane(exponent)).value;
  const auto above = static_cast<float>(std::fma(value, power_error_max, value));
  const auto below = static_cast<float>(std::fma(value, -power_error_max, value));
  return above == below ? above : power_exactly(x, y);
}

}  // namespace

float pow(float x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return core::canonical(std::numeric_limits<float>::quiet_NaN());
  const float magnitude = std::fabs(x);
  const bool minus = std::signbit(x) && is_integer(y) && is_odd(y);
  if (x < 0 && magnitude != infinity && std::fabs(y) != infinity && !is_integer(y)) {
    return core::canonical(std::numeric_limits<float>::quiet_NaN());
  }
  const bool limit =
      magnitude == 0 || magnitude == 1 || magnitude == infinity || std::fabs(y) == infinity;
  const float result = limit ? power_at_limits(magnitude, y) : power_of_positive(magnitude, y);
  return minus ? -result : result;
}

}  // namespace isotrace::reference
