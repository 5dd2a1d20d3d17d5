// Float operations of isowasm-1: IEEE 754, rounding to nearest even, every NaN that an operation
// makes positive and canonical; abs, neg, copysign and reinterpretation keep bits. F is float or
// double. No function of a mathematical library takes part.
#pragma once

#include <emmintrin.h>

#include <isotrace/wasm/numeric/numeric_integer.hpp>
#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm {

template <class F>
inline constexpr BitsOf<F> sign_bit = BitsOf<F>{1} << (sizeof(F) * 8 - 1);

/// Sign 0, all exponent bits, the first bit of the fraction.
template <class F>
inline constexpr BitsOf<F> canonical_nan_bits =
    sizeof(F) == 4 ? BitsOf<F>{0x7FC0'0000} : static_cast<BitsOf<F>>(0x7FF8'0000'0000'0000ULL);

template <class F>
constexpr F canonical(F x) {
  return x != x ? std::bit_cast<F>(canonical_nan_bits<F>) : x;
}

template <class F>
constexpr F float_abs(F x) {
  return std::bit_cast<F>(static_cast<BitsOf<F>>(std::bit_cast<BitsOf<F>>(x) & ~sign_bit<F>));
}

template <class F>
constexpr F float_neg(F x) {
  return std::bit_cast<F>(static_cast<BitsOf<F>>(std::bit_cast<BitsOf<F>>(x) ^ sign_bit<F>));
}

template <class F>
constexpr F float_copysign(F x, F sign) {
  return std::bit_cast<F>(static_cast<BitsOf<F>>((std::bit_cast<BitsOf<F>>(x) & ~sign_bit<F>) |
                                                 (std::bit_cast<BitsOf<F>>(sign) & sign_bit<F>)));
}

/// From this magnitude on every number is an integer.
template <class F>
inline constexpr F integers_from = static_cast<F>(std::uint64_t{1}
                                                  << (std::numeric_limits<F>::digits - 1));

/// Towards zero; keeps the sign of a zero.
template <class F>
F float_trunc(F x) {
  if (!(float_abs(x) < integers_from<F>)) return canonical(x);  // an integer, infinite or NaN
  return float_copysign(static_cast<F>(static_cast<std::int64_t>(x)), x);
}

template <class F>
F float_floor(F x) {
  const F whole = float_trunc(x);
  return whole > x ? float_copysign(whole - F{1}, x) : whole;
}

template <class F>
F float_ceil(F x) {
  const F whole = float_trunc(x);
  return whole < x ? float_copysign(whole + F{1}, x) : whole;
}

/// To the nearest integer, ties to even: adding 2^(p-1) leaves no fraction bits.
template <class F>
F float_nearest(F x) {
  const F magnitude = float_abs(x);
  if (!(magnitude < integers_from<F>)) return canonical(x);
  const F rounded = magnitude + integers_from<F>;
  return float_copysign(rounded - integers_from<F>, x);
}

inline float float_sqrt(float x) { return canonical(_mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)))); }
inline double float_sqrt(double x) {
  const __m128d packed = _mm_set_sd(x);
  return canonical(_mm_cvtsd_f64(_mm_sqrt_sd(packed, packed)));
}

/// -0 is less than +0.
template <class F>
constexpr F float_min(F a, F b) {
  if (a != a || b != b) return std::bit_cast<F>(canonical_nan_bits<F>);
  if (a == b) return std::bit_cast<BitsOf<F>>(a) & sign_bit<F> ? a : b;
  return a < b ? a : b;
}

template <class F>
constexpr F float_max(F a, F b) {
  if (a != a || b != b) return std::bit_cast<F>(canonical_nan_bits<F>);
  if (a == b) return std::bit_cast<BitsOf<F>>(a) & sign_bit<F> ? b : a;
  return a > b ? a : b;
}

/// 2^(bits of I), less the sign bit of a signed one: the least number that is too large. Exact.
template <class I, class F>
inline constexpr F integer_end =
    static_cast<F>(std::uint64_t{1} << (std::numeric_limits<I>::digits - 1)) * F{2};

template <class I, class F>
inline constexpr F integer_begin = std::is_signed_v<I> ? -integer_end<I, F> : F{0};

/// Towards zero. I: i32, u32, i64 or u64.
template <class I, class F>
Computed<I> trunc_to(F x) {
  if (x != x) return {0, Trap::invalid_conversion_to_integer};
  const F whole = float_trunc(x);
  if (whole < integer_begin<I, F> || whole >= integer_end<I, F>) {
    return {0, Trap::integer_overflow};
  }
  return {static_cast<I>(whole)};
}

/// Towards zero; the nearest value where there is none, 0 for NaN.
template <class I, class F>
I trunc_sat_to(F x) {
  if (x != x) return 0;
  const F whole = float_trunc(x);
  if (whole < integer_begin<I, F>) return std::numeric_limits<I>::min();
  if (whole >= integer_end<I, F>) return std::numeric_limits<I>::max();
  return static_cast<I>(whole);
}

}  // namespace isotrace::wasm
