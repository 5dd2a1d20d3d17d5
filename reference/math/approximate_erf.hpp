// The error function (lanes.hpp).
#pragma once

#include <isotrace/reference/math/lanes.hpp>

namespace isotrace::reference {
namespace {

/// x times a polynomial for erf(x)/x, one for each quarter of [0, 4).
struct Erf : Everywhere {
  /// Results below 2^-126 are rounded elsewhere; 0 is 0.
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return V::either(V(0x1p-120) <= V::abs(x), x == V(0.0));
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::at_most(V::abs(x), 0x1.ffffffp+1);
    const V shifted = V::fma(magnitude, 4.0, -0.5) + integer_shift;
    const V middle = V::fma(shifted - integer_shift, 0.25, 0.125);
    const V quotient = polynomial(Grade(), magnitude - middle, shifted);
    return V::with_sign(magnitude * quotient, x);
  }

 private:
  template <class V>
  ISOTRACE_LANES static V polynomial(Quick, V t, V shifted) {
    V row[erf_quick_terms];
    V::template load_row<erf_quick_coefficients>(shifted, row);
    return estrin(t, row);
  }
  template <class V>
  ISOTRACE_LANES static V polynomial(Fine, V t, V shifted) {
    V row[erf_terms];
    V::template load_row<erf_coefficients>(shifted, row);
    return estrin(t, row);
  }
};

}  // namespace
}  // namespace isotrace::reference
