#include <isotrace/core/convert.hpp>

#include <algorithm>

namespace isotrace::core {
namespace {

/// Rounds a finite magnitude to `fraction` fraction bits and exponents from 1 - bias up, without an
/// upper end. Exact input: every binary32 value is a binary64 value, so there is one rounding.
std::uint32_t round_magnitude(double magnitude, int fraction, int bias) {
  if (magnitude == 0.0) return 0;
  int e = 0;
  std::frexp(magnitude, &e);                              // magnitude = m * 2^e, 0.5 <= m < 1
  const int unit = std::max(e - 1, 1 - bias) - fraction;  // exponent of the last place
  // Scaling by a power of two is exact here; nearbyint rounds to nearest even.
  const double scaled = std::nearbyint(std::ldexp(magnitude, -unit));
  auto mantissa = static_cast<std::uint32_t>(scaled);
  // Adding the biased exponent lets a carry out of the mantissa raise the exponent by itself.
  const auto biased = static_cast<std::uint32_t>(unit + fraction + bias - 1);
  return (biased << fraction) + mantissa;
}

/// The value of finite bits without sign.
float widen_magnitude(std::uint32_t bits, int fraction, int bias) {
  const std::uint32_t mantissa = bits & ((1U << fraction) - 1U);
  const auto biased = static_cast<int>(bits >> fraction);
  if (biased == 0) return std::ldexp(static_cast<float>(mantissa), 1 - bias - fraction);
  return std::ldexp(static_cast<float>(mantissa | (1U << fraction)), biased - bias - fraction);
}

/// Rounds to an IEEE format of 16 bits; NaN is the caller's.
std::uint16_t round_to_format(double value, int fraction, int exponent) {
  const auto sign =
      static_cast<std::uint16_t>(std::signbit(value) ? 1U << (fraction + exponent) : 0U);
  const auto infinity = static_cast<std::uint16_t>(((1U << exponent) - 1U) << fraction);
  if (std::isinf(value)) return sign | infinity;
  const int bias = (1 << (exponent - 1)) - 1;
  const std::uint32_t bits = round_magnitude(std::fabs(value), fraction, bias);
  return static_cast<std::uint16_t>(sign | std::min<std::uint32_t>(bits, infinity));
}

float widen(std::uint16_t bits, int fraction, int exponent) {
  const std::uint32_t infinity = ((1U << exponent) - 1U) << fraction;
  const std::uint32_t sign = 1U << (fraction + exponent);
  const std::uint32_t magnitude = bits & (sign - 1U);
  if (magnitude > infinity) return std::bit_cast<float>(canonical_nan_f32_bits);
  const float value = magnitude == infinity
                          ? std::numeric_limits<float>::infinity()
                          : widen_magnitude(magnitude, fraction, (1 << (exponent - 1)) - 1);
  return (bits & sign) != 0 ? -value : value;
}

/// The sign stands before the bits of the greatest value.
std::uint32_t sign_of(Float8Format format) { return std::bit_ceil(format.greatest + 1U); }

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

float float8_to_f32(std::uint8_t bits, Float8Format format) {
  const std::uint32_t sign = sign_of(format);
  const std::uint32_t magnitude = bits & (sign - 1U);
  const bool infinite =
      magnitude > format.greatest && magnitude == format.above && format.above != format.nan;
  const bool has_nan = sign == 0x80;
  if (has_nan && (bits == format.nan || (magnitude > format.greatest && !infinite))) {
    return std::bit_cast<float>(canonical_nan_f32_bits);
  }
  const float value = infinite ? std::numeric_limits<float>::infinity()
                               : widen_magnitude(magnitude, format.fraction, format.bias);
  return (bits & sign) != 0 ? -value : value;
}

std::uint8_t round_to_float8(double value, Float8Format format, bool saturate) {
  if (std::isnan(value)) return format.nan;
  std::uint32_t magnitude =
      std::isinf(value) ? 0x80U : round_magnitude(std::fabs(value), format.fraction, format.bias);
  if (magnitude > format.greatest) {
    if (!saturate && format.above == format.nan) return format.nan;
    magnitude = saturate ? format.greatest : format.above;
  }
  const bool zero_without_sign = magnitude == 0 && format.nan == 0x80;
  const bool negative = std::signbit(value) && !zero_without_sign;
  return static_cast<std::uint8_t>(magnitude | (negative ? sign_of(format) : 0U));
}

}  // namespace isotrace::core
