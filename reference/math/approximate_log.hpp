// Logarithms and what is made of them (lanes.hpp).
#pragma once

#include <isotrace/reference/math/lanes.hpp>

namespace isotrace::reference {
namespace {

/// 1, 1/3, ..., 1/17: for |s| <= 3 - sqrt(8) the term left out is below 2^-50 of the sum.
ISOTRACE_LANES_TABLE double atanh_coefficients[] = {1.0,      1.0 / 3,  1.0 / 5,  1.0 / 7, 1.0 / 9,
                                                    1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17};

/// 2 atanh(s) = ln((1 + s) / (1 - s)) for |s| <= 3 - sqrt(8), which is 0.1716.
template <class Grade, class V>
ISOTRACE_LANES V twice_atanh(V s) {
  return (s + s) * Grade::polynomial(s * s, atanh_quick_coefficients, atanh_coefficients);
}

/// ln(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)].
template <class Grade, class V>
ISOTRACE_LANES V log1p_reduced(V f) {
  return twice_atanh<Grade>(f / (f + 2.0));
}

/// ln(1 + u) for u > -1, accurate near 0. |n| ln 2 is at least twice the other part.
template <class Grade, class V>
ISOTRACE_LANES V log1p_of(V u) {
  V n, m;
  V::split(u + 1.0, n, m);
  const V f = V::select(n == V(0.0), u, m - 1.0);  // u itself where 1 + u has lost bits of it
  return V::fma(n, ln2_value, log1p_reduced<Grade>(f));
}

/// For Log and Log2: -inf of zeros, NaN below.
struct PositiveNumbers {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return positive_and_finite(x);
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V x) {
    return V::select(x == V(0.0), -infinite, V::select(V(0.0) < x, infinite, not_a_number));
  }
};

struct Log : PositiveNumbers {
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    V n, m;
    V::split(x, n, m);
    return V::fma(n, ln2_value, log1p_reduced<Grade>(m - 1.0));
  }
};

struct Log2 : PositiveNumbers {
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    V n, m;
    V::split(x, n, m);
    return V::fma(log1p_reduced<Grade>(m - 1.0), inverse_ln2, n);
  }
};

struct Log1p {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::both(V(-1.0) < x, x < V(0x1p200));
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V x) {
    return V::select(x == V(-1.0), -infinite, V::select(V(0.0) < x, infinite, not_a_number));
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    return V::with_sign(log1p_of<Grade>(x), x);  // of -0 too
  }
};

/// asinh |x| = ln w, w = |x| + sqrt(1 + x^2) = 2^n m. For n = 0 the s of its logarithm is
/// |x| / (1 + sqrt(1 + x^2)), where nothing cancels.
struct Asinh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(0x1p200);
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V x) {
    return V::select(x == x, x, not_a_number);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::abs(x);
    const V root = V::sqrt(V::fma(x, x, 1.0));
    V n, m;
    V::split(magnitude + root, n, m);
    const auto near = n == V(0.0);
    const V s = V::select(near, magnitude, m - 1.0) / V::select(near, root + 1.0, m + 1.0);
    return V::with_sign(V::fma(n, ln2_value, twice_atanh<Grade>(s)), x);
  }
};

/// acosh x = ln(1 + t + sqrt(t (t + 2))), t = x - 1.
struct Acosh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::both(V(1.0) <= x, x < V(0x1p200));
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V x) {
    return V::select(V(1.0) < x, infinite, not_a_number);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V t = x - 1.0;
    return log1p_of<Grade>(t + V::sqrt(t * (t + 2.0)));
  }
};

/// atanh |x| = ln(1 + 2|x| / (1 - |x|)) / 2.
struct Atanh {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(1.0);
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V x) {
    return V::select(V::abs(x) == V(1.0), V::with_sign(infinite, x), not_a_number);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::abs(x);
    const V u = (magnitude + magnitude) / (V(1.0) - magnitude);
    return V::with_sign(log1p_of<Grade>(u) * 0.5, x);
  }
};

}  // namespace
}  // namespace isotrace::reference
