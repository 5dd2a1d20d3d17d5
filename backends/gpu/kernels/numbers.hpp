// The numbers that kernels compute with, and their arithmetic: f32, f64, i64 and u64. Tensors of
// narrower types are widened to one of these and converted back (convert.hpp), as the reference
// does; integers wrap modulo 2^64, and so modulo every smaller power of two.
//
// Arithmetic is + - * and the functions below, which are correctly rounded everywhere; compilers
// are told neither to contract nor to flush, and a test reads what they made. Divisions of reals
// are written divide(a, b), since not every device has one.
#pragma once

#include <math.h>

#include <cstddef>
#include <cstdint>

#include <isotrace/reference/math/lane_code.hpp>
#include <isotrace/reference/math/quotient.hpp>

#define ISOTRACE_KERNEL_CODE ISOTRACE_LANES

namespace isotrace::backends::gpu {

template <class Number>
inline constexpr bool is_real = false;
template <>
inline constexpr bool is_real<float> = true;
template <>
inline constexpr bool is_real<double> = true;
template <class Number>
inline constexpr bool is_signed_number = true;
template <>
inline constexpr bool is_signed_number<std::uint64_t> = false;

ISOTRACE_KERNEL_CODE std::uint32_t bits_of(float x) { return __builtin_bit_cast(std::uint32_t, x); }
ISOTRACE_KERNEL_CODE std::uint64_t bits_of(double x) {
  return __builtin_bit_cast(std::uint64_t, x);
}
ISOTRACE_KERNEL_CODE float from_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
ISOTRACE_KERNEL_CODE double from_bits(std::uint64_t bits) {
  return __builtin_bit_cast(double, bits);
}
ISOTRACE_KERNEL_CODE bool is_negative(float x) { return bits_of(x) >> 31 != 0; }
ISOTRACE_KERNEL_CODE bool is_negative(double x) { return bits_of(x) >> 63 != 0; }

/// Every NaN as the canonical one; what arithmetic stores.
ISOTRACE_KERNEL_CODE float canonical(float x) {
  return x != x ? from_bits(std::uint32_t{0x7FC00000}) : x;
}
ISOTRACE_KERNEL_CODE double canonical(double x) {
  return x != x ? from_bits(std::uint64_t{0x7FF8000000000000}) : x;
}
ISOTRACE_KERNEL_CODE std::int64_t canonical(std::int64_t x) { return x; }
ISOTRACE_KERNEL_CODE std::uint64_t canonical(std::uint64_t x) { return x; }

ISOTRACE_KERNEL_CODE float add(float a, float b) { return a + b; }
ISOTRACE_KERNEL_CODE double add(double a, double b) { return a + b; }
ISOTRACE_KERNEL_CODE std::uint64_t add(std::uint64_t a, std::uint64_t b) { return a + b; }
ISOTRACE_KERNEL_CODE float subtract(float a, float b) { return a - b; }
ISOTRACE_KERNEL_CODE double subtract(double a, double b) { return a - b; }
ISOTRACE_KERNEL_CODE std::uint64_t subtract(std::uint64_t a, std::uint64_t b) { return a - b; }
ISOTRACE_KERNEL_CODE float multiply(float a, float b) { return a * b; }
ISOTRACE_KERNEL_CODE double multiply(double a, double b) { return a * b; }
ISOTRACE_KERNEL_CODE std::uint64_t multiply(std::uint64_t a, std::uint64_t b) { return a * b; }
/// Integers with a sign, without the overflow that would be undefined.
ISOTRACE_KERNEL_CODE std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
ISOTRACE_KERNEL_CODE std::int64_t subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
ISOTRACE_KERNEL_CODE std::int64_t multiply(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

/// a * b + c, rounded once; exact modulo 2^64 for integers.
ISOTRACE_KERNEL_CODE float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
ISOTRACE_KERNEL_CODE double multiply_add(double a, double b, double c) { return fma(a, b, c); }
template <class Integer>
ISOTRACE_KERNEL_CODE Integer multiply_add(Integer a, Integer b, Integer c) {
  return add(multiply(a, b), c);
}

ISOTRACE_KERNEL_CODE float divide(float a, float b) { return reference::divide(a, b); }
ISOTRACE_KERNEL_CODE double divide(double a, double b) { return reference::divide(a, b); }
ISOTRACE_KERNEL_CODE float square_root(float x) { return sqrtf(x); }
ISOTRACE_KERNEL_CODE double square_root(double x) { return sqrt(x); }
ISOTRACE_KERNEL_CODE float round_down(float x) { return floorf(x); }
ISOTRACE_KERNEL_CODE double round_down(double x) { return floor(x); }
ISOTRACE_KERNEL_CODE float round_up(float x) { return ceilf(x); }
ISOTRACE_KERNEL_CODE double round_up(double x) { return ceil(x); }
/// Ties to even.
ISOTRACE_KERNEL_CODE float round_nearest(float x) { return rintf(x); }
ISOTRACE_KERNEL_CODE double round_nearest(double x) { return rint(x); }
ISOTRACE_KERNEL_CODE float magnitude(float x) { return fabsf(x); }
ISOTRACE_KERNEL_CODE double magnitude(double x) { return fabs(x); }
template <class Integer>
ISOTRACE_KERNEL_CODE Integer magnitude(Integer x) {
  if constexpr (!is_signed_number<Integer>) {
    return x;
  } else {
    return x < 0 ? subtract(Integer{0}, x) : x;
  }
}

/// IEEE 754-2019 maximum and minimum: NaN propagates, +0 > -0.
template <class Number>
ISOTRACE_KERNEL_CODE Number maximum(Number a, Number b) {
  if constexpr (is_real<Number>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return is_negative(a) ? b : a;
  }
  return a > b ? a : b;
}
template <class Number>
ISOTRACE_KERNEL_CODE Number minimum(Number a, Number b) {
  if constexpr (is_real<Number>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return is_negative(a) ? a : b;
  }
  return a < b ? a : b;
}

/// The order in which maxima are looked for by position: NaN above all, the two zeros equal.
template <class Number>
ISOTRACE_KERNEL_CODE bool is_greater(Number a, Number b) {
  return a > b || (a != a && b == b);
}

/// What the maximum of nothing is: -inf, or the least integer.
template <class Number>
ISOTRACE_KERNEL_CODE Number lowest() {
  if constexpr (sizeof(Number) == 4) {
    return from_bits(std::uint32_t{0xFF800000});
  } else if constexpr (is_real<Number>) {
    return from_bits(std::uint64_t{0xFFF0000000000000});
  } else if constexpr (is_signed_number<Number>) {
    return INT64_MIN;
  } else {
    return 0;
  }
}

}  // namespace isotrace::backends::gpu
