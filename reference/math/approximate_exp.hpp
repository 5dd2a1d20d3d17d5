// Exponentials and what is made of them (lanes.hpp).
#pragma once

#include <isotrace/reference/math/lanes.hpp>

namespace isotrace::reference {
namespace {

/// 1/2!, 1/3!, ..., 1/12!: the term left out is below 2^-50 of r for |r| <= 0.35.
ISOTRACE_LANES_TABLE double exp_coefficients[] = {
    1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,      1.0 / 720,      1.0 / 5040,
    1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600};

/// e^r - 1 for |r| <= 0.35.
template <class Grade, class V>
ISOTRACE_LANES V expm1_reduced(V r) {
  return V::fma(r * r, Grade::polynomial(r, exp_quick_coefficients, exp_coefficients), r);
}

/// e^x = power * (1 + fraction), for |x| <= 160.
template <class V>
struct ExpSplit {
  V power, fraction;
};

/// x - n ln 2. ln 2 as one number is off by 2^-55, n times that is below 2^-47 (and n = 0 near 0).
template <class V>
ISOTRACE_LANES V subtract_ln2(Quick, V x, V n) {
  return V::fma(n, -ln2_value, x);
}
/// The first part of ln 2 has 32 bits: n times it is exact, and so is what is left of x.
template <class V>
ISOTRACE_LANES V subtract_ln2(Fine, V x, V n) {
  return V::fma(n, -0x1.a39ef35793c76p-33, V::fma(n, -0x1.62e42fee00000p-1, x));
}

template <class Grade, class V>
ISOTRACE_LANES ExpSplit<V> split_exp(V x) {
  const V shifted = V::fma(x, inverse_ln2, integer_shift);
  const V n = shifted - integer_shift;
  return {V::power_of_two(shifted), expm1_reduced<Grade>(subtract_ln2(Grade(), x, n))};
}

template <class Grade, class V>
ISOTRACE_LANES V exp_of(V x) {
  const ExpSplit<V> e = split_exp<Grade>(x);
  return V::fma(e.power, e.fraction, e.power);
}

/// 2^n (1 + f) - 1: for n = 0 it is f, and where the parts differ in sign (n = 1, -1) the sum is
/// not below a quarter of the larger one.
template <class Grade, class V>
ISOTRACE_LANES V expm1_of(V x) {
  const ExpSplit<V> e = split_exp<Grade>(x);
  return V::fma(e.power, e.fraction, e.power - 1.0);
}

struct Exp : Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return within(x, 87);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    return exp_of<Grade>(Grade::limit(x, -106.0, 90.0));
  }
};

struct Exp2 : Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return within(x, 125);
  }
  /// Fine also for any binary64 x.
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V limited = Grade::limit(x, -152.0, 130.0);
    const V shifted = limited + integer_shift;
    const V r = limited - (shifted - integer_shift);  // exact
    const V power = V::power_of_two(shifted);
    return V::fma(power, expm1_reduced<Grade>(r * ln2_value), power);
  }
};

struct Expm1 : Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return within(x, 87);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    return V::with_sign(expm1_of<Grade>(Grade::limit(x, -20.0, 90.0)), x);  // of -0 too
  }
};

/// tanh |x| = e / (e + 2) with e = e^(2|x|) - 1: nothing cancels.
struct Tanh : Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return anywhere(x);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::at_most(V::abs(x), 10.0);
    const V e = expm1_of<Grade>(magnitude + magnitude);
    return V::with_sign(e / (e + 2.0), x);
  }
};

struct Sinh : Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return within(x, 88);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V e = expm1_of<Grade>(Grade::limit(V::abs(x), 0.0, 91.0));
    return V::with_sign((e + e / (e + 1.0)) * 0.5, x);
  }
};

struct Cosh : Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return within(x, 88);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V e = exp_of<Grade>(Grade::limit(V::abs(x), 0.0, 91.0));
    return (e + V(1.0) / e) * 0.5;
  }
};

}  // namespace
}  // namespace isotrace::reference
