// The conversion of one number to another element type, with one rounding
// (docs/spec/elementwise.md, "Cast").
#pragma once

#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {

/// An integer as binary64, rounded to odd at 2^11 where it does not fit: the last bit kept
/// remembers whether anything was cut off, so that the rounding to a narrower format is the only
/// one.
template <class Integer>
double to_f64_sticky(Integer value) {
  if constexpr (sizeof(Integer) < 8) {
    return static_cast<double>(value);
  } else {
    const bool negative = value < 0;
    auto magnitude = static_cast<std::uint64_t>(value);
    if (negative) magnitude = 0 - magnitude;
    if (magnitude >> 53 != 0) {
      const bool sticky = (magnitude & 0x7FF) != 0;
      magnitude = (magnitude & ~std::uint64_t{0x7FF}) | (sticky ? 0x800 : 0);
    }
    const auto exact = static_cast<double>(magnitude);
    return negative ? -exact : exact;
  }
}

/// The last bits of an integer, or of the one nearest to a float; 0 if there is none.
template <class From>
int last_bits(From value, int values) {
  if constexpr (std::is_floating_point_v<From>) {
    if (!std::isfinite(value)) return 0;
    const From whole = std::nearbyint(value);
    const From modulus = static_cast<From>(values);
    return static_cast<int>(whole - modulus * std::floor(whole / modulus));  // exact
  } else {
    return static_cast<int>(static_cast<std::uint64_t>(value) & static_cast<unsigned>(values - 1));
  }
}

/// To an integer of 2 or 4 bits.
template <class To, class From>
To cast_to_tiny(From value) {
  constexpr bool four = std::is_same_v<To, Int4> || std::is_same_v<To, UInt4>;
  constexpr int values = four ? 16 : 4;
  constexpr int greatest = std::is_signed_v<decltype(To::value)> ? values / 2 - 1 : values - 1;
  const int last = last_bits(value, values);
  return {static_cast<decltype(To::value)>(last > greatest ? last - values : last)};
}

/// From a number as it is computed (float, double or an integer). `saturate` is for 8-bit floats.
template <class To, class From>
To cast_number(From value, bool saturate) {
  const auto exact = [value] {
    if constexpr (std::is_integral_v<From>) return to_f64_sticky(value);
    if constexpr (!std::is_integral_v<From>) return static_cast<double>(value);
  };
  if constexpr (std::is_same_v<To, Bool8>) {
    return {static_cast<std::uint8_t>(value != From{0})};  // NaN is not 0
  } else if constexpr (std::is_same_v<To, Half>) {
    return core::to_half(exact());
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return core::to_bfloat16(exact());
  } else if constexpr (is_float8<To>) {
    return core::to_float8<core::dtype_of<To>>(exact(), saturate);
  } else if constexpr (is_tiny<To>) {
    return cast_to_tiny<To>(value);
  } else if constexpr (std::is_floating_point_v<To>) {
    return core::canonical(static_cast<To>(value));
  } else if constexpr (std::is_floating_point_v<From>) {
    return core::to_integer<To>(value);
  } else {
    return static_cast<To>(value);  // modulo 2^n
  }
}

/// From an element as it is stored.
template <class To, class From>
To cast_element(From value, bool saturate) {
  if constexpr (is_boxed<From>) {
    return cast_number<To>(value.value, saturate);
  } else {
    return cast_number<To>(widen(value), saturate);
  }
}

}  // namespace isotrace::reference
