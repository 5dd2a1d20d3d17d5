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

/// To a type of 4 bits: floats truncate and saturate, integers keep their last four bits.
template <class To, class From>
To cast_to_nibble(From value) {
  constexpr int lowest = std::is_same_v<To, Int4> ? -8 : 0;
  if constexpr (std::is_floating_point_v<From>) {
    const int whole = std::clamp<int>(core::to_integer<std::int8_t>(value), lowest, lowest + 15);
    return {static_cast<decltype(To::value)>(whole)};
  } else {
    const int last = static_cast<int>(static_cast<std::uint64_t>(value) & 15U);
    return {static_cast<decltype(To::value)>(last > lowest + 15 ? last - 16 : last)};
  }
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
  } else if constexpr (std::is_same_v<To, Int4> || std::is_same_v<To, UInt4>) {
    return cast_to_nibble<To>(value);
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
