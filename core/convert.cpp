#include <isotrace/core/convert.hpp>

#include <algorithm>

namespace isotrace::core {
namespace {

/// Rounds a finite or infinite double to a format with `fraction` fraction bits, exponent bias
/// `bias` and `exponent` exponent bits; NaN is the caller's. Exact input: every binary32 value is a
/// binary64 value, so there is one rounding.
std::uint16_t round_to_format(double value, int fraction, int exponent) {
  const int bias = (1 << (exponent - 1)) - 1;
  const auto sign =
      static_cast<std::uint16_t>(std::signbit(value) ? 1U << (fraction + exponent) : 0U);
  const auto infinity = static_cast<std::uint16_t>(((1U << exponent) - 1U) << fraction);
  double magnitude = std::fabs(value);
  if (std::isinf(magnitude)) return sign | infinity;
  if (magnitude == 0.0) return sign;
  int e = 0;
  std::frexp(magnitude, &e);                              // magnitude = m * 2^e, 0.5 <= m < 1
  const int unit = std::max(e - 1, 1 - bias) - fraction;  // exponent of the last place
  // Scaling by a power of two is exact here; nearbyint rounds to nearest even.
  const double scaled = std::nearbyint(std::ldexp(magnitude, -unit));
  auto mantissa = static_cast<std::uint32_t>(scaled);
  // Adding the biased exponent lets a carry out of the mantissa raise the exponent by itself.
  const auto biased = static_cast<std::uint32_t>(unit + fraction + bias - 1);
  const std::uint32_t bits = (biased << fraction) + mantissa;
  if (bits >= infinity) return sign | infinity;
  return static_cast<std::uint16_t>(sign | bits);
}

float widen(std::uint16_t bits, int fraction, int exponent) {
  const int bias = (1 << (exponent - 1)) - 1;
  const std::uint32_t mantissa = bits & ((1U << fraction) - 1U);
  const int biased = (bits >> fraction) & ((1 << exponent) - 1);
  const bool negative = (bits >> (fraction + exponent)) != 0;
  float magnitude = 0;
  if (biased == (1 << exponent) - 1) {
    if (mantissa != 0) return std::bit_cast<float>(canonical_nan_f32_bits);
    magnitude = std::numeric_limits<float>::infinity();
  } else if (biased == 0) {
    magnitude = std::ldexp(static_cast<float>(mantissa), 1 - bias - fraction);
  } else {
    magnitude =
        std::ldexp(static_cast<float>(mantissa | (1U << fraction)), biased - bias - fraction);
  }
  return negative ? -magnitude : magnitude;
}

constexpr std::uint16_t canonical_nan_f16_bits = 0x7E00;
constexpr std::uint16_t canonical_nan_bf16_bits = 0x7FC0;

}  // namespace

float to_f32(Half value) { return widen(value.bits, 10, 5); }
float to_f32(BFloat16 value) { return widen(value.bits, 7, 8); }

Half to_half(double value) {
  return {std::isnan(value) ? canonical_nan_f16_bits : round_to_format(value, 10, 5)};
}
Half to_half(float value) { return to_half(static_cast<double>(value)); }
BFloat16 to_bfloat16(double value) {
  return {std::isnan(value) ? canonical_nan_bf16_bits : round_to_format(value, 7, 8)};
}
BFloat16 to_bfloat16(float value) { return to_bfloat16(static_cast<double>(value)); }

}  // namespace isotrace::core
