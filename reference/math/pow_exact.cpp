#include <isotrace/reference/math/pow.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include <isotrace/core/check.hpp>
#include <isotrace/core/rational.hpp>

namespace isotrace::reference {
namespace {

using core::Integer;

/// odd * 2^exponent.
struct Dyadic {
  std::uint64_t odd;
  int exponent;
};

Dyadic decompose(double positive) {
  int exponent = 0;
  const double fraction = std::frexp(positive, &exponent);  // exact
  const auto significand = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  const int zeros = std::countr_zero(significand);
  return {significand >> zeros, exponent - 53 + zeros};
}

/// mantissa * 2^exponent to nearest even; mantissa > 0.
template <class Float>
Float round_scaled(const Integer& mantissa, int exponent) {
  using Limits = std::numeric_limits<Float>;
  const int top = static_cast<int>(msb(mantissa)) + exponent;
  if (top > Limits::max_exponent) return Limits::infinity();
  // The exponent of the last place.
  const int unit = std::max(top, Limits::min_exponent - 1) - (Limits::digits - 1);
  if (unit <= exponent) return std::ldexp(mantissa.convert_to<Float>(), exponent);
  const auto cut = static_cast<unsigned>(unit - exponent);
  Integer kept = mantissa >> cut;
  const Integer rest = mantissa - (kept << cut);
  const Integer half = Integer(1) << (cut - 1);
  if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
  return std::ldexp(kept.convert_to<Float>(), unit);  // at most 1 carry: exact or inf
}

/// The square root if it is an integer times a power of two.
std::optional<Dyadic> find_root(Dyadic x) {
  if (x.exponent % 2 != 0) return std::nullopt;
  const auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(x.odd)));
  if (root * root != x.odd) return std::nullopt;  // odd < 2^53: the double square root is exact
  return Dyadic{root, x.exponent / 2};
}

/// x^y if it could be a number or half way between two. An odd factor p >= 3 stays only in p^n with
/// n a positive integer (1/p^n has no end in binary), and 3^n has more than 3 n / 2 bits; a root
/// must come out even.
template <class Float>
std::optional<Float> find_exact_power(Dyadic x, Dyadic y, bool negative) {
  for (; y.exponent < 0; ++y.exponent) {
    const auto root = find_root(x);
    if (!root) return std::nullopt;
    x = *root;
  }
  if (y.exponent > 11 || y.odd > 2048) return std::nullopt;  // 2^2048 is far out of range
  const auto n = static_cast<int>(y.odd << y.exponent);
  if (x.odd == 1) return round_scaled<Float>(1, negative ? -n * x.exponent : n * x.exponent);
  if (negative || 3 * n > 2 * (std::numeric_limits<Float>::digits + 1)) return std::nullopt;
  return round_scaled<Float>(pow(Integer(x.odd), static_cast<unsigned>(n)), n * x.exponent);
}

/// 2 atanh(numerator / denominator) * 2^bits for a quotient of at most 1/3; short by less than
/// 2 bits units.
Integer twice_atanh(const Integer& numerator, const Integer& denominator, unsigned bits) {
  Integer power = (numerator << bits) / denominator;
  const Integer square = (power * power) >> bits;
  Integer sum = 0;
  for (unsigned n = 1; power != 0; n += 2) {
    sum += power / n;
    power = (power * square) >> bits;
  }
  return 2 * sum;
}

/// e^r * 2^bits for 0 <= r < 0.7 * 2^bits; short by less than 2 bits units.
Integer exponential(const Integer& r, unsigned bits) {
  Integer term = Integer(1) << bits;
  Integer sum = 0;
  for (unsigned n = 1; term != 0; ++n) {
    sum += term;
    term = ((term * r) >> bits) / n;
  }
  return sum;
}

Integer shift(const Integer& value, int by) {
  if (by >= 0) return value << static_cast<unsigned>(by);
  // Towards zero; the error bound has room for it.
  const Integer magnitude = abs(value) >> static_cast<unsigned>(-by);
  return value < 0 ? Integer(-magnitude) : magnitude;
}

/// x^y within 2^-bits times `error` units, or nothing if the two ends round differently.
template <class Float>
std::optional<Float> find_rounded_power(Dyadic x, Dyadic y, bool negative, unsigned bits) {
  const Integer ln2 = twice_atanh(1, 3, bits);
  const int length = static_cast<int>(std::bit_width(x.odd)) - 1;
  const Integer one = Integer(1) << static_cast<unsigned>(length);
  const int e = x.exponent + length;  // x = 2^e (1 + f)
  const Integer logarithm = twice_atanh(x.odd - one, x.odd + one, bits) + e * ln2;
  Integer exponent = shift(logarithm * y.odd, y.exponent);
  if (negative) exponent = -exponent;
  Integer k = exponent / ln2;
  Integer r = exponent - k * ln2;
  if (r < 0) {
    --k;
    r += ln2;
  }
  const Integer value = exponential(r, bits);
  // The logarithm errs by (|e| + 1) 2 bits units, times |y|; k ln 2 by |k| 2 bits; the rest less.
  const Integer y_bound = shift(y.odd, y.exponent) + 1;
  const Integer error = (y_bound * (std::abs(e) + 2) + 200) * 8 * bits;
  if (error * 4 > value) return std::nullopt;
  const int unit = k.convert_to<int>() - static_cast<int>(bits);
  const Float low = round_scaled<Float>(value - error, unit);
  const Float high = round_scaled<Float>(value + error, unit);
  return low == high ? std::optional(low) : std::nullopt;
}

template <class Float>
Float power(Float x, Dyadic exponent, bool negative) {
  const Dyadic base = decompose(x);
  if (const auto exact = find_exact_power<Float>(base, exponent, negative)) return *exact;
  for (unsigned bits = 128; bits <= 4096; bits *= 2) {
    const auto rounded = find_rounded_power<Float>(base, exponent, negative, bits);
    if (rounded) return *rounded;
  }
  ISOTRACE_CHECK(false, x, exponent.odd, exponent.exponent);
}

}  // namespace

float power_exactly(float x, double y) { return power(x, decompose(std::fabs(y)), y < 0); }
double power64_exactly(double x, double y) { return power(x, decompose(std::fabs(y)), y < 0); }
double power64_exactly(double x, bool negative, std::uint64_t n) {
  const int zeros = std::countr_zero(n);
  return power(x, Dyadic{n >> zeros, zeros}, negative);
}

}  // namespace isotrace::reference
