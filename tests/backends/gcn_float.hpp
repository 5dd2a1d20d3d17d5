// Floating point of AMD's instructions where it is not the host's: the steps of divisions, and
// functions that hardware approximates.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace isotrace::gcn {

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <class T>
inline constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
template <class T>
inline constexpr int exponent_all = sizeof(T) == 4 ? 255 : 2047;
template <class T>
inline constexpr int exponent_bias = exponent_all<T> / 2;
/// By which factor of two the steps of a division scale.
template <class T>
inline constexpr int division_scale = sizeof(T) == 4 ? 64 : 128;

/// The field of the exponent.
template <class T>
int exponent_of(T x) {
  return static_cast<int>(std::bit_cast<BitsOf<T>>(x) >> fraction_bits<T>) & exponent_all<T>;
}
template <class T>
bool is_subnormal(T x) {
  return x != 0 && exponent_of(x) == 0;
}

/// What V_DIV_SCALE makes of `x`, which is the denominator or the numerator, and whether the
/// quotient must be scaled back. The manuals' sequence of cases.
template <class T>
struct Scaled {
  T value;
  bool scales_back;
};
template <class T>
Scaled<T> scale_for_division(T x, T denominator, T numerator) {
  constexpr int by = division_scale<T>;
  constexpr int far = sizeof(T) == 4 ? 96 : 768;
  constexpr int tiny = sizeof(T) == 4 ? 23 : 52;
  const auto is = [x](T other) {
    return std::bit_cast<BitsOf<T>>(x) == std::bit_cast<BitsOf<T>>(other);
  };
  if (denominator == 0 || numerator == 0) return {std::numeric_limits<T>::quiet_NaN(), false};
  const bool reciprocal_is_subnormal = is_subnormal(1 / denominator);
  const bool quotient_is_subnormal =
      is_subnormal(numerator / denominator) || numerator / denominator == 0;
  if (exponent_of(numerator) - exponent_of(denominator) >= far) {
    return {is(denominator) ? std::ldexp(x, by) : x, true};  // the quotient is huge
  }
  if (is_subnormal(denominator)) return {std::ldexp(x, by), false};
  if (reciprocal_is_subnormal && quotient_is_subnormal) {
    return {is(denominator) ? std::ldexp(x, -by) : x, true};
  }
  if (reciprocal_is_subnormal) return {std::ldexp(x, -by), false};
  if (quotient_is_subnormal) return {is(numerator) ? std::ldexp(x, by) : x, true};
  if (exponent_of(numerator) <= tiny) return {std::ldexp(x, by), false};
  return {x, false};
}

/// (a * b + c) * 2^by, rounded once: the sum is exact but for its last bit, which is odd where
/// something is missing. So the second rounding, to far fewer bits, is that of the exact number.
template <class T>
T scaled_fma(T a, T b, T c, int by) {
  if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(c)) return std::fma(a, b, c);
  __extension__ using Quad = __float128;
  using Wide = std::conditional_t<sizeof(T) == 4, double, Quad>;
  const Wide product = Wide(a) * Wide(b);
  Wide sum = product + Wide(c);
  const Wide part = sum - product;
  const Wide missing = (product - (sum - part)) + (Wide(c) - part);
  __extension__ using Bits = std::conditional_t<sizeof(T) == 4, std::uint64_t, unsigned __int128>;
  auto bits = std::bit_cast<Bits>(sum);
  if (missing != 0 && (bits & 1) == 0) bits += (missing > 0) == (sum > 0) ? 1 : -1;
  sum = std::bit_cast<Wide>(bits);
  const Wide factor = by > 0 ? Wide(std::ldexp(1.0, by)) : Wide(1) / Wide(std::ldexp(1.0, -by));
  return static_cast<T>(sum * factor);
}

/// V_DIV_FMAS: scaled back in the direction that the quotient's size shows.
template <class T>
T fma_of_division(T a, T b, T c, bool scales_back) {
  if (!scales_back) return std::fma(a, b, c);
  return scaled_fma(a, b, c,
                    exponent_of(c) > exponent_bias<T> ? division_scale<T> : -division_scale<T>);
}

/// V_DIV_FIXUP: special cases, and the sign.
template <class T>
T fix_quotient(T quotient, T denominator, T numerator) {
  const bool negative = std::signbit(denominator) != std::signbit(numerator);
  const auto with_sign = [negative](T x) { return negative ? -std::fabs(x) : std::fabs(x); };
  constexpr T inf = std::numeric_limits<T>::infinity();
  constexpr int least = sizeof(T) == 4 ? -150 : -1075;
  if (numerator != numerator) return numerator;
  if (denominator != denominator) return denominator;
  if ((denominator == 0 && numerator == 0) || (std::isinf(denominator) && std::isinf(numerator))) {
    return std::numeric_limits<T>::quiet_NaN();
  }
  if (denominator == 0 || std::isinf(numerator)) return with_sign(inf);
  if (std::isinf(denominator) || numerator == 0) return with_sign(T{0});
  if (exponent_of(numerator) - exponent_of(denominator) < least) return with_sign(T{0});
  return with_sign(quotient != quotient ? inf : quotient);  // scaled, it overflowed
}

/// Some number near x, which is exact or has twice as many bits, as far away as the manuals allow:
/// by one unit in the last place in binary32, by 2^29 in binary64. Which, the operand decides.
template <class T, class Exact>
T deviate(Exact x, T operand) {
  const T near = static_cast<T>(x);
  if (!std::isfinite(near) || near == 0) return near;
  constexpr std::int64_t most = sizeof(T) == 4 ? 1 : (std::int64_t{1} << 29) - 1;
  const std::uint64_t hash =
      (std::bit_cast<BitsOf<T>>(operand) ^ 0x9E3779B9U) * 0xD6E8FEB86659FD93ULL;
  std::int64_t by = hash >> 62 == 0 ? most
                    : hash >> 62 == 1
                        ? -most
                        : static_cast<std::int64_t>((hash >> 8) % (2 * most + 1)) - most;
  if (sizeof(T) == 4 && Exact(near) != x && (by > 0) == (Exact(std::fabs(near)) > std::fabs(x)))
    by = 0;
  return std::bit_cast<T>(static_cast<BitsOf<T>>(std::bit_cast<BitsOf<T>>(near) + by));
}

/// Approximations take subnormal numbers for zeros, and leave none.
template <class T>
T flush(T x) {
  return is_subnormal(x) ? std::copysign(T{0}, x) : x;
}
template <class T>
T approximate_reciprocal(T x) {
  return flush(deviate(1 / double{flush(x)}, x));
}
template <class T>
T approximate_root(T x) {
  return flush(deviate(std::sqrt(double{flush(x)}), x));
}
template <class T>
T approximate_reciprocal_root(T x) {
  return flush(deviate(1 / std::sqrt(double{flush(x)}), x));
}

/// Maxima of IEEE 754-2008: of a number and a quiet NaN the number; +0 above -0.
template <class T>
T greater_number(T a, T b) {
  if (a != a) return b;
  if (b != b) return a;
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
template <class T>
T lesser_number(T a, T b) {
  if (a != a) return b;
  if (b != b) return a;
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

/// Saturates; NaN is zero.
template <class To, class From>
To to_whole(From x) {
  if (x != x) return 0;
  const From whole = std::trunc(x);
  if (whole >= std::ldexp(From{1}, std::numeric_limits<To>::digits))
    return std::numeric_limits<To>::max();
  if (whole <= From(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  return static_cast<To>(whole);
}

}  // namespace isotrace::gcn
