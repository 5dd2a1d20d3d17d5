// What the approximations of this folder (approximate_*.hpp) are made of.
//
// They are fixed sequences of + - * / sqrt fma in binary64, written once for any number of lanes: V
// is a pack of binary64 numbers (scalar_lane.hpp shows what it offers). Everything is in an unnamed
// namespace and uses no inline function of the standard library, because the files are compiled for
// several instruction sets and the linker must never pick a copy for a newer processor as the one
// for all.
//
// Each sequence exists in two grades. A result is taken if every number within the grade's error
// rounds to the same binary32 number; that is the correctly rounded one, because rounding is
// monotonic. Otherwise the next one is asked: Quick, Fine, and then the slow path (trusted.hpp). So
// a mistake in an error bound is all that could make a result wrong, and `isotrace selftest math
// --exhaustive` looks at every argument.
//
// A function is a type with
//   ordinary(x)      where Quick keeps its bound, and the result is a normal binary32 number, 0, or
//                    so near to the argument that it rounds to it
//   domain(x)        where Fine does
//   outside(x)       the result elsewhere: infinities, NaN
//   value<Grade>(x)  the sequence. Arguments are binary32 numbers.
#pragma once

#include <cstddef>

#include <isotrace/reference/math/coefficients.hpp>
#include <isotrace/reference/math/lane_code.hpp>

namespace isotrace::reference {
namespace {

/// Adding it rounds to an integer and leaves that integer in the lowest bits.
constexpr double integer_shift = 0x1.8p52;

constexpr double ln2_value = 0x1.62e42fefa39efp-1;
constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
constexpr double pi_value = 0x1.921fb54442d18p+1;

template <class V, std::size_t n>
ISOTRACE_LANES V horner(V x, const double (&coefficients)[n]) {
  V sum = coefficients[n - 1];
  ISOTRACE_UNROLL(32)
  for (std::size_t i = 2; i <= n; ++i) sum = V::fma(sum, x, coefficients[n - i]);
  return sum;
}

/// The same polynomial as (c0 + c1 x) + (c2 + c3 x) x^2 + ..., pairs of pairs and so on (G.
/// Estrin): more multiplications than horner and far fewer of them one after the other. `terms` is
/// scratch afterwards.
template <class V, std::size_t n>
ISOTRACE_LANES V estrin(V x, V (&terms)[n]) {
  V power = x;
  ISOTRACE_UNROLL(8)
  for (std::size_t left = n; left > 1; left = (left + 1) / 2) {
    ISOTRACE_UNROLL(32)
    for (std::size_t i = 0; 2 * i < left; ++i) {
      terms[i] = 2 * i + 1 < left ? V::fma(terms[2 * i + 1], power, terms[2 * i]) : terms[2 * i];
    }
    if (left > 2) power = power * power;
  }
  return terms[0];
}

template <class V, std::size_t n>
ISOTRACE_LANES V estrin(V x, const double (&coefficients)[n]) {
  V terms[n];
  ISOTRACE_UNROLL(32)
  for (std::size_t i = 0; i < n; ++i) terms[i] = coefficients[i];
  return estrin(x, terms);
}

template <class V>
ISOTRACE_LANES V clamp(V x, double low, double high) {
  return V::at_least(V::at_most(x, high), low);
}

/// Relative error below error_max: no term left out is above 2^-37.7.
struct Quick {
  static constexpr double error_max = 0x1p-37;
  /// Both sides of that, in units of the last place of binary64: one is at least 2^-53 of a number.
  static constexpr auto window = static_cast<unsigned long long>(2 * error_max * 0x1p53);

  template <class V, std::size_t quick, std::size_t fine>
  ISOTRACE_LANES static V polynomial(V x, const double (&coefficients)[quick],
                                     const double (&)[fine]) {
    return estrin(x, coefficients);
  }
  /// Ordinary arguments lie between the limits.
  template <class V>
  ISOTRACE_LANES static V limit(V x, double, double) {
    return x;
  }
};

/// Every value keeps its relative error under half of error_max: truncated series under 2^-46, and
/// a dozen roundings of 2^-53 that nothing amplifies by more than 2^4.
struct Fine {
  static constexpr double error_max = 0x1p-42;

  template <class V, std::size_t quick, std::size_t fine>
  ISOTRACE_LANES static V polynomial(V x, const double (&)[quick],
                                     const double (&coefficients)[fine]) {
    return horner(x, coefficients);
  }
  template <class V>
  ISOTRACE_LANES static V limit(V x, double low, double high) {
    return clamp(x, low, high);
  }
};

template <class V>
ISOTRACE_LANES typename V::Mask anywhere(V x) {
  return x == x;
}
template <class V>
ISOTRACE_LANES typename V::Mask positive_and_finite(V x) {
  return V::both(V(0.0) < x, x < V(0x1p200));
}
template <class V>
ISOTRACE_LANES typename V::Mask within(V x, double limit) {
  return V::abs(x) <= V(limit);
}

constexpr double infinite = __builtin_inf();
constexpr double not_a_number = __builtin_nan("");

/// For functions of all numbers: NaN is all that is outside.
struct Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V) {
    return not_a_number;
  }
};

}  // namespace
}  // namespace isotrace::reference
