// [activation.tanh] [math.sinh] [math.cosh] [math.asinh] [math.acosh] [math.atanh] by e^|x| - 1 and
// ln(1 + u), in forms in which nothing cancels.
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/log_series.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

double magnitude_of(float x) { return std::fabs(static_cast<double>(x)); }
DoubleDouble half(DoubleDouble a) { return {a.hi / 2, a.lo / 2}; }

float round_with_sign(DoubleDouble magnitude, float sign) {
  return std::copysign(round_certainly(magnitude), sign);
}

}  // namespace

/// tanh |x| = e / (e + 2) with e = e^(2|x|) - 1.
float tanh(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0) return x;
  if (magnitude_of(x) > 10) return std::copysign(1.0F, x);  // 2 e^-20 < 2^-25
  const DoubleDouble e = expm1_pair(2 * magnitude_of(x));
  return round_with_sign(divide(e, add(e, 2.0)), x);
}

/// sinh |x| = (e + e / (e + 1)) / 2 with e = e^|x| - 1.
float sinh(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0) return x;
  if (magnitude_of(x) > 91) return std::copysign(infinity, x);  // e^91 / 2 > 2^129
  const DoubleDouble e = expm1_pair(magnitude_of(x));
  return round_with_sign(half(add(e, divide(e, add(e, 1.0)))), x);
}

/// cosh x = 1 + e^2 / (2 (e + 1)) with e = e^|x| - 1.
float cosh(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0) return 1;
  if (magnitude_of(x) > 91) return infinity;
  const DoubleDouble e = expm1_pair(magnitude_of(x));
  return round_certainly(add(half(divide(multiply(e, e), add(e, 1.0))), 1.0));
}

/// asinh |x| = ln(1 + u), u = |x| + x^2 / (1 + sqrt(1 + x^2)).
float asinh(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0 || magnitude_of(x) == infinity) return x;
  const double square = magnitude_of(x) * magnitude_of(x);  // exact: 48 bits
  const DoubleDouble root = square_root(two_sum(1.0, square));
  const DoubleDouble u = add(divide({square, 0.0}, add(root, 1.0)), magnitude_of(x));
  return round_with_sign(log1p_pair(u), x);
}

/// acosh x = ln(1 + t + sqrt(t (t + 2))), t = x - 1.
float acosh(float x) {
  if (!(x >= 1)) return core::canonical(std::numeric_limits<float>::quiet_NaN());
  if (x == 1) return 0;
  if (x == infinity) return x;
  const DoubleDouble t = two_sum(x, -1.0);
  return round_certainly(log1p_pair(add(t, square_root(multiply(t, two_sum(x, 1.0))))));
}

/// atanh |x| = ln(1 + 2|x| / (1 - |x|)) / 2.
float atanh(float x) {
  if (x == 0) return x;
  if (magnitude_of(x) == 1) return std::copysign(infinity, x);
  if (!(magnitude_of(x) < 1)) return core::canonical(std::numeric_limits<float>::quiet_NaN());
  const DoubleDouble u = divide({2 * magnitude_of(x), 0.0}, two_sum(1.0, -magnitude_of(x)));
  return round_with_sign(half(log1p_pair(u)), x);
}

}  // namespace isotrace::reference::trusted
