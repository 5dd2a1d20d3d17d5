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
