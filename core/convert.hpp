// Conversions between element types: widening is exact, narrowing rounds to nearest even with
// subnormals, float to integer truncates, saturates and sends NaN to 0 (numerics: "Casts"). Every
// NaN becomes the canonical quiet one.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <isotrace/core/dtype.hpp>

namespace isotrace::core {

inline constexpr std::uint32_t canonical_nan_f32_bits = 0x7FC00000;
inline constexpr std::uint64_t canonical_nan_f64_bits = 0x7FF8000000000000;

/// The value, or the canonical NaN if it is any NaN.
inline float canonical(float value) {
  return value == value ? value : std::bit_cast<float>(canonical_nan_f32_bits);
}
inline double canonical(double value) {
  return value == value ? value : std::bit_cast<double>(canonical_nan_f64_bits);
}

float to_f32(Half value);
float to_f32(BFloat16 value);
/// Round to nearest even; overflow gives infinity.
Half to_half(float value);
Half to_half(double value);
BFloat16 to_bfloat16(float value);
BFloat16 to_bfloat16(double value);

/// Layout of an 8-bit float. FNUZ types have one NaN (0x80), no infinity and no -0; E4M3FN has no
/// infinity. The float of 4 bits has neither: what overflows is the greatest value, NaN becomes -0.
struct Float8Format {
  int fraction;           ///< bits
  int bias;               ///< of the exponent
  std::uint8_t greatest;  ///< greatest finite value
  std::uint8_t nan;       ///< canonical NaN
  std::uint8_t above;     ///< what overflow gives without saturation, before its sign
};
constexpr Float8Format float8_format(Dtype format) {
  switch (format) {
    case Dtype::f8e4m3fn: return {3, 7, 0x7E, 0x7F, 0x7F};
    case Dtype::f8e4m3fnuz: return {3, 8, 0x7F, 0x80, 0x80};
    case Dtype::f8e5m2: return {2, 15, 0x7B, 0x7F, 0x7C};
    case Dtype::f4e2m1: return {1, 1, 0x07, 0x08, 0x07};
    default: return {2, 16, 0x7F, 0x80, 0x80};
  }
}
/// Exact; every NaN becomes the canonical one.
float float8_to_f32(std::uint8_t bits, Float8Format format);
/// Round to nearest even. What is above the greatest finite value, infinity included, becomes that
/// value if `saturate`, else infinity or (where there is none) NaN.
std::uint8_t round_to_float8(double value, Float8Format format, bool saturate);

template <Dtype format>
float to_f32(Float8<format> value) {
  return float8_to_f32(value.bits, float8_format(format));
}
template <Dtype format>
Float8<format> to_float8(double value, bool saturate = false) {
  return {round_to_float8(value, float8_format(format), saturate)};
}

/// float -> integer: truncate, saturate, NaN to 0.
template <class Integer, class Float>
Integer to_integer(Float value) {
  static_assert(std::is_integral_v<Integer> && std::is_floating_point_v<Float>);
  if (value != value) return 0;
  // The bounds as powers of two are exact in Float, whatever the width of Integer.
  const Float above = std::ldexp(Float{1}, std::numeric_limits<Integer>::digits);
  if (value >= above) return std::numeric_limits<Integer>::max();
  if constexpr (std::is_signed_v<Integer>) {
    if (value <= -above) return std::numeric_limits<Integer>::min();
  } else {
    if (value <= Float{-1}) return 0;
  }
  return static_cast<Integer>(value);
}

}  // namespace isotrace::core
