// The fast path of every elementary function: a fixed sequence of + - * / sqrt fma in binary64
// whose relative error is below approximation_error_max. If both ends of that interval round to the
// same binary32 number, it is the correctly rounded result (rounding is monotonic); otherwise the
// caller asks the slow path (trusted.hpp). So a mistake in an error bound is all that could make a
// result wrong, and `isotrace selftest math --exhaustive` looks at every argument.
//
// Written once for any number of lanes: V is a pack of binary64 numbers (scalar_lane.hpp shows what
// it offers). Everything is in an unnamed namespace and uses no inline function of the standard
// library, because the file is compiled for several instruction sets and the linker must never pick
// a copy for a newer processor as the one for all.
#pragma once

#include <cstddef>

#include <isotrace/reference/math/coefficients.hpp>

namespace isotrace::reference {
namespace {

/// Every `value` below keeps its relative error under half of this: truncated series under 2^-46,
/// and a dozen roundings of 2^-53 that nothing amplifies by more than 2^4.
constexpr double approximation_error_max = 0x1p-42;

/// Adding it rounds to an integer and leaves that integer in the lowest bits.
constexpr double integer_shift = 0x1.8p52;

constexpr double ln2_value = 0x1.62e42fefa39efp-1;
constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
constexpr double pi_value = 0x1.921fb54442d18p+1;

#define ISOTRACE_LANES [[gnu::always_inline]] inline

template <class V, std::size_t n>
ISOTRACE_LANES V horner(V x, const double (&coefficients)[n]) {
  V sum = coefficients[n - 1];
#pragma GCC unroll 32
  for (std::size_t i = 2; i <= n; ++i) sum = V::fma(sum, x, coefficients[n - i]);
  return sum;
}

template <class V>
ISOTRACE_LANES V clamp(V x, double low, double high) {
  return V::at_least(V::at_most(x, high), low);
}

/// 1/2!, 1/3!, ..., 1/12!: the term left out is below 2^-50 of r for |r| <= 0.35.
constexpr double exp_coefficients[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,       1.0 / 120,
                                       1.0 / 720,     1.0 / 5040,     1.0 / 40320,    1.0 / 362880,
                                       1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600};

/// e^r - 1 for |r| <= 0.35.
template <class V>
ISOTRACE_LANES V expm1_reduced(V r) {
  return V::fma(r * r, horner(r, exp_coefficients), r);
}

/// e^x = power * (1 + fraction), for |x| <= 160.
template <class V>
struct ExpSplit {
  V power, fraction;
};
template <class V>
ISOTRACE_LANES ExpSplit<V> split_exp(V x) {
  // The first part of ln 2 has 32 bits: n times it is exact, and so is what is left of x.
  constexpr double ln2_high = 0x1.62e42fee00000p-1;
  constexpr double ln2_low = 0x1.a39ef35793c76p-33;
  const V shifted = V::fma(x, inverse_ln2, integer_shift);
  const V n = shifted - integer_shift;
  const V r = V::fma(n, -ln2_low, V::fma(n, -ln2_high, x));
  return {V::power_of_two(shifted), expm1_reduced(r)};
}

template <class V>
ISOTRACE_LANES V exp_of(V x) {
  const ExpSplit<V> e = split_exp(x);
  return V::fma(e.power, e.fraction, e.power);
}

/// 2^n (1 + f) - 1: for n = 0 it is f, and where the parts differ in sign (n = 1, -1) the sum is
/// not below a quarter of the larger one.
template <class V>
ISOTRACE_LANES V expm1_of(V x) {
  const ExpSplit<V> e = split_exp(x);
  return V::fma(e.power, e.fraction, e.power - 1.0);
}

/// 1, 1/3, ..., 1/17: for |s| <= 0.1716 the term left out is below 2^-50 of the sum.
constexpr double atanh_coefficients[] = {1.0,      1.0 / 3,  1.0 / 5,  1.0 / 7, 1.0 / 9,
                                         1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17};

/// ln(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)]: 2 atanh(f / (2 + f)).
template <class V>
ISOTRACE_LANES V log1p_reduced(V f) {
  const V s = f / (f + 2.0);
  return (s + s) * horner(s * s, atanh_coefficients);
}

/// ln(1 + u) for u > -1, accurate near 0. |n| ln 2 is at least twice the other part.
template <class V>
ISOTRACE_LANES V log1p_of(V u) {
  V n, m;
  V::split(u + 1.0, n, m);
  const V f = V::select(n == V(0.0), u, m - 1.0);  // u itself where 1 + u has lost bits of it
  return V::fma(n, ln2_value, log1p_reduced(f));
}

/// sin r and cos r.
template <class V>
struct SinCos {
  V sine, cosine;
};
/// The terms left out are below 2^-49 of the sums for |r| <= pi/4.
constexpr double sine_coefficients[] = {
    -1.0 / 6,        1.0 / 120,        -1.0 / 5040,         1.0 / 362880,
    -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000};
constexpr double cosine_coefficients[] = {
    -1.0 / 2,       1.0 / 24,        -1.0 / 720,         1.0 / 40320,
    -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000};
template <class V>
ISOTRACE_LANES SinCos<V> sincos_reduced(V r) {
  const V z = r * r;
  return {r * V::fma(z, horner(z, sine_coefficients), 1.0),
          V::fma(z, horner(z, cosine_coefficients), 1.0)};
}

/// x = n pi/2 + r; `shifted` holds n (modulo 4 it is the quadrant).
template <class V>
struct Angle {
  V r, shifted;
};

template <class V>
ISOTRACE_LANES V sin_of(Angle<V> angle) {
  const SinCos<V> both = sincos_reduced(angle.r);
  return V::negate_by_bit_1(V::select(V::is_odd(angle.shifted), both.cosine, both.sine),
                            angle.shifted);
}
template <class V>
ISOTRACE_LANES V cos_of(Angle<V> angle) {
  return sin_of(Angle<V>{angle.r, angle.shifted + 1.0});
}
template <class V>
ISOTRACE_LANES V tan_of(Angle<V> angle) {
  const SinCos<V> both = sincos_reduced(angle.r);
  const auto odd = V::is_odd(angle.shifted);
  return V::select(odd, V(0.0) - both.cosine, both.sine) / V::select(odd, both.sine, both.cosine);
}

/// For |x| < 2^20. The first two parts of pi/2 have 33 bits, so n times each is exact, and x minus
/// the first product too; no binary32 number below 2^20 is nearer to a multiple of pi/2 than 2^-30.
constexpr double trig_limit = 0x1p20;
template <class V>
ISOTRACE_LANES Angle<V> reduce_angle(V x) {
  const V shifted = V::fma(x, 0x1.45f306dc9c883p-1, integer_shift);
  const V n = shifted - integer_shift;
  const V high = V::fma(n, -0x1.921fb54400000p+0, x);
  const V middle = V::fma(n, -0x1.0b4611a600000p-34, high);
  return {V::fma(n, -0x1.3198a2e037073p-69, middle), shifted};
}

/// asin |x| with the pieces that asin and acos put together: for |x| <= 1/2 it is `part`, else
/// pi/2 - 2 part.
template <class V>
struct AsinParts {
  typename V::Mask large;
  V part;
};
template <class V>
ISOTRACE_LANES AsinParts<V> asin_parts(V x) {
  const V magnitude = V::abs(x);
  const auto large = V(0.5) < magnitude;
  const V z = V::select(large, V(0.5) - magnitude * 0.5, magnitude * magnitude);
  const V t = V::select(large, V::sqrt(z), magnitude);
  return {large, t * horner(z, asin_coefficients)};
}

template <class V>
ISOTRACE_LANES typename V::Mask anywhere(V x) {
  return x == x;
}
template <class V>
ISOTRACE_LANES typename V::Mask positive_and_finite(V x) {
  return V::both(V(0.0) < x, x < V(0x1p200));
}

// One type per function: where the sequence holds (`domain`) and the sequence (`value`). Arguments
// are binary32 numbers; those outside the domain go to the slow path.

struct Exp {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    return exp_of(clamp(x, -106.0, 90.0));
  }
};

struct Exp2 {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  /// Also for any binary64 x.
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V limited = clamp(x, -152.0, 130.0);
    const V shifted = limited + integer_shift;
    const V r = limited - (shifted - integer_shift);  // exact
    const V power = V::power_of_two(shifted);
    return V::fma(power, expm1_reduced(r * ln2_value), power);
  }
};

struct Expm1 {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    return V::copysign(expm1_of(clamp(x, -20.0, 90.0)), x);  // of -0 too
  }
};

struct Log {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return positive_and_finite(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    V n, m;
    V::split(x, n, m);
    return V::fma(n, ln2_value, log1p_reduced(m - 1.0));
  }
};

struct Log2 {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return positive_and_finite(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    V n, m;
    V::split(x, n, m);
    return V::fma(log1p_reduced(m - 1.0), inverse_ln2, n);
  }
};

struct Log1p {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::both(V(-1.0) < x, x < V(0x1p200));
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    return V::copysign(log1p_of(x), x);  // of -0 too
  }
};

/// tanh |x| = e / (e + 2) with e = e^(2|x|) - 1: nothing cancels.
struct Tanh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::at_most(V::abs(x), 10.0);
    const V e = expm1_of(magnitude + magnitude);
    return V::copysign(e / (e + 2.0), x);
  }
};

struct Sinh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V e = expm1_of(V::at_most(V::abs(x), 91.0));
    return V::copysign((e + e / (e + 1.0)) * 0.5, x);
  }
};

struct Cosh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V e = exp_of(V::at_most(V::abs(x), 91.0));
    return (e + V(1.0) / e) * 0.5;
  }
};

/// asinh |x| = ln(1 + u), u = |x| + x^2 / (1 + sqrt(1 + x^2)): nothing cancels.
struct Asinh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(0x1p200);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::abs(x);
    const V square = x * x;
    const V u = magnitude + square / (V::sqrt(square + 1.0) + 1.0);
    return V::copysign(log1p_of(u), x);
  }
};

/// acosh x = ln(1 + t + sqrt(t (t + 2))), t = x - 1.
struct Acosh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::both(V(1.0) <= x, x < V(0x1p200));
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V t = x - 1.0;
    return log1p_of(t + V::sqrt(t * (t + 2.0)));
  }
};

/// atanh |x| = ln(1 + 2|x| / (1 - |x|)) / 2.
struct Atanh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(1.0);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::abs(x);
    const V u = (magnitude + magnitude) / (V(1.0) - magnitude);
    return V::copysign(log1p_of(u) * 0.5, x);
  }
};

struct Sin {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(trig_limit);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    return sin_of(reduce_angle(x));
  }
};

struct Cos {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(trig_limit);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    return cos_of(reduce_angle(x));
  }
};

struct Tan {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(trig_limit);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    return tan_of(reduce_angle(x));
  }
};

struct Asin {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) <= V(1.0);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const AsinParts<V> parts = asin_parts(x);
    const V large = V::fma(parts.part, -2.0, pi_value / 2);
    return V::copysign(V::select(parts.large, large, parts.part), x);
  }
};

struct Acos {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) <= V(1.0);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const AsinParts<V> parts = asin_parts(x);
    const V twice = parts.part + parts.part;
    const V large = V::select(x < V(0.0), V(pi_value) - twice, twice);
    return V::select(parts.large, large, V(pi_value / 2) - V::copysign(parts.part, x));
  }
};

/// |x| up to tan(pi/8), around 1, and beyond tan(3 pi/8): atan t, pi/4 + atan t, pi/2 + atan t,
/// with |t| <= sqrt(2) - 1 each time.
struct Atan {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::abs(x);
    const auto above = V(0x1.a827999fcef32p-2) < magnitude;
    const auto beyond = V(0x1.3504f333f9de6p+1) < magnitude;
    const V numerator = V::select(beyond, V(-1.0), V::select(above, magnitude - 1.0, magnitude));
    const V denominator = V::select(beyond, magnitude, V::select(above, magnitude + 1.0, V(1.0)));
    const V offset = V::select(beyond, V(pi_value / 2), V::select(above, V(pi_value / 4), V(0.0)));
    const V t = numerator / denominator;
    return V::copysign(V::fma(t, horner(t * t, atan_coefficients), offset), x);
  }
};

/// x times a polynomial for erf(x)/x, one for each quarter of [0, 4).
struct Erf {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return anywhere(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::at_most(V::abs(x), 0x1.ffffffp+1);
    const V shifted = V::fma(magnitude, 4.0, -0.5) + integer_shift;
    const V middle = V::fma(shifted - integer_shift, 0.25, 0.125);
    V row[erf_terms];
    V::load_row(erf_coefficients, shifted, row);
    const V t = magnitude - middle;
    V sum = row[erf_terms - 1];
#pragma GCC unroll 32
    for (std::size_t i = 2; i <= erf_terms; ++i) sum = V::fma(sum, t, row[erf_terms - i]);
    return V::copysign(magnitude * sum, x);
  }
};

struct Rsqrt {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return positive_and_finite(x);
  }
  template <class V>
  ISOTRACE_LANES static V value(V x) {
    return V(1.0) / V::sqrt(x);
  }
};

#undef ISOTRACE_LANES

}  // namespace
}  // namespace isotrace::reference
