#include <isotrace/reference/math/pow.hpp>

#include <bit>
#include <cmath>
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
float round_scaled(const Integer& mantissa, int exponent) {
  const int top = static_cast<int>(msb(mantissa)) + exponent;
  if (top > 200) return std::numeric_limits<float>::infinity();
  const int unit = std::max(top - 23, -149);  // exponent of the last place
  if (unit <= exponent) return std::ldexp(mantissa.convert_to<float>(), exponent);
  const auto cut = static_cast<unsigned>(unit - exponent);
  Integer kept = mantissa >> cut;
  const Integer rest = mantissa - (kept << cut);
  const Integer half = Integer(1) << (cut - 1);
  if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
  return std::ldexp(kept.convert_to<float>(), unit);  // at most 24 bits and 1 carry: exact or inf
}

/// The square root if it is an integer times a power of two.
std::optional<Dyadic> find_root(Dyadic x) {
  if (x.exponent % 2 != 0) return std::nullopt;
  const auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(x.odd)));
  if (root * root != x.odd) return std::nullopt;  // odd < 2^24: the double square root is exact
  return Dyadic{root, x.exponent / 2};
}

/// x^y if it could be a number of at most 25 bits. An odd factor p >= 3 stays only in p^n with n a
/// positive integer (1/p^n has no end in binary), and 3^16 has 26 bits; a root must come out even.
std::optional<float> find_exact_power(Dyadic x, Dyadic y, bool negative) {
  for (; y.exponent < 0; ++y.exponent) {
    const auto root = find_root(x);
    if (!root) return std::nullopt;
    x = *root;
  }
  if (y.exponent > 10 || y.odd > 1024) return std::nullopt;  // 2^(1024 n) is far out of range
  const auto n = static_cast<int>(y.odd << y.exponent);
  if (x.odd == 1) return round_scaled(1, negative ? -n * x.exponent : n * x.exponent);
  if (negative || n > 15) return std::nullopt;
  return round_scaled(pow(Integer(x.odd), static_cast<unsigned>(n)), n * x.exponent);
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
std::optional<float> find_rounded_power(Dyadic x, Dyadic y, bool negative, unsigned bits) {
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
  const float low = round_scaled(value - error, unit);
  const float high = round_scaled(value + error, unit);
  return low == high ? std::optional(low) : std::nullopt;
}

}  // namespace

float power_exactly(float x, double y) {
  const Dyadic base = decompose(x);
  const Dyadic exponent = decompose(std::fabs(y));
  const bool negative = y < 0;
  if (const auto exact = find_exact_power(base, exponent, negative)) return *exact;
  for (unsigned bits = 128; bits <= 4096; bits *= 2) {
    if (const auto rounded = find_rounded_power(base, exponent, negative, bits)) return *rounded;
  }
  ISOTRACE_CHECK(false, x, y);
}

}  // namespace isotrace::reference
