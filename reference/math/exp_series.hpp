// e^x - 1 as a double_double: what the exponentials, the hyperbolic functions
// and erf share.
//
// e^x = 2^n * e^r with r = x - n ln 2, |r| <= 0.35. e^r - 1 comes from t = r/64 by the Taylor
// series and six doublings e -> e (2 + e), which (unlike squaring e^t) keep the relative accuracy
// of small results.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// e^x = 2^exponent * (1 + fraction), |fraction| < 0.42.
struct ExpParts {
  int exponent;
  DoubleDouble fraction;
};

namespace exp_series {

constexpr int terms = 12;      // |t| < 2^-7.5: the first term left out is below 2^-120 of the sum
constexpr int pair_terms = 6;  // from t^7/7! on, binary64 coefficients err below 2^-108 of the sum
constexpr int doublings = 6;

struct Table {
  DoubleDouble at[terms + 1];
};

/// 1/n! at index n.
ISOTRACE_LANES_TABLE Table inverse_factorials = [] {
  Table table{};
  double factorial = 1;
  for (int n = 1; n <= terms; ++n) {
    factorial *= n;
    table.at[n] = reciprocal(factorial);
  }
  return table;
}();

/// e^t - 1 for |t| <= 0.35/64.
ISOTRACE_PAIRS DoubleDouble expm1_small(DoubleDouble t) {
  double tail = inverse_factorials.at[terms].hi;
  for (int n = terms - 1; n > pair_terms; --n) {
    tail = std::fma(tail, t.hi, inverse_factorials.at[n].hi);
  }
  DoubleDouble sum = {tail, 0.0};
  for (int n = pair_terms; n >= 1; --n) sum = add(inverse_factorials.at[n], multiply(sum, t));
  return multiply(sum, t);
}

}  // namespace exp_series

/// e^r - 1 for |r| <= 0.35 with relative error below 2^-97.
ISOTRACE_PAIRS DoubleDouble expm1_reduced(DoubleDouble r) {
  DoubleDouble e = exp_series::expm1_small(scale(r, -exp_series::doublings));
  for (int i = 0; i < exp_series::doublings; ++i) e = multiply(e, add(e, 2.0));
  return e;
}

/// For |x.hi| <= 1500, |x| >= 2^-600 or 0: ln 2 errs below 2^-109 and the exponent is below 2^12,
/// so the error of r is below 2^-96. The relative error of the fraction is below 2^-97 if the
/// exponent is 0; its absolute error is below 2^-95 otherwise.
ISOTRACE_PAIRS ExpParts exp_parts(DoubleDouble x) {
  constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
  const double turns = x.hi * inverse_ln2;
  const int n = static_cast<int>(turns + (turns < 0 ? -0.5 : 0.5));
  return {n, expm1_reduced(n == 0 ? x : add(multiply(ln2, -n), x))};
}

/// For |x| <= 150. The relative error of the fraction is below 2^-97 if exponent is 0; its absolute
/// error is below 2^-96 otherwise.
ExpParts exp_parts(double x);

/// e^x - 1 for parts of x with |x| <= 150: 2^n (1 + f) - 1 = 2^n f + (2^n - 1). For n = 1 and n =
/// -1 the parts can have opposite signs, but the sum is never below a quarter of the larger one.
ISOTRACE_PAIRS DoubleDouble expm1_of(ExpParts parts) {
  if (parts.exponent == 0) return parts.fraction;
  const double power = power_of_two(parts.exponent);
  return add(scale(parts.fraction, parts.exponent), two_sum(power, -1.0));
}

/// e^x - 1 for |x| <= 150 with relative error below 2^-94.
DoubleDouble expm1_pair(double x);

}  // namespace isotrace::reference
