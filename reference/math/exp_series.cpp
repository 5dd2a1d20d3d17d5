// e^x = 2^n * e^r with r = x - n ln 2, |r| <= 0.35. e^r - 1 comes from t = r/64 by the Taylor
// series and six doublings e -> e (2 + e), which (unlike squaring e^t) keep the relative accuracy
// of small results.
#include <isotrace/reference/math/exp_series.hpp>

#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::reference {
namespace {

constexpr int terms = 12;      // |t| < 2^-7.5: the first term left out is below 2^-120 of the sum
constexpr int pair_terms = 6;  // from t^7/7! on, binary64 coefficients err below 2^-108 of the sum
constexpr int doublings = 6;

/// 1/n! at index n.
constexpr auto inverse_factorials = [] {
  std::array<DoubleDouble, terms + 1> table{};
  double factorial = 1;
  for (int n = 1; n <= terms; ++n) {
    factorial *= n;
    table[static_cast<std::size_t>(n)] = reciprocal(factorial);
  }
  return table;
}();

/// e^t - 1 for |t| <= 0.35/64.
DoubleDouble expm1_small(DoubleDouble t) {
  double tail = inverse_factorials[terms].hi;
  for (std::size_t n = terms - 1; n > pair_terms; --n) {
    tail = std::fma(tail, t.hi, inverse_factorials[n].hi);
  }
  DoubleDouble sum = {tail, 0.0};
  for (std::size_t n = pair_terms; n >= 1; --n) sum = add(inverse_factorials[n], multiply(sum, t));
  return multiply(sum, t);
}

}  // namespace

DoubleDouble expm1_reduced(DoubleDouble r) {
  DoubleDouble e = expm1_small(scale(r, -doublings));
  for (int i = 0; i < doublings; ++i) e = multiply(e, add(e, 2.0));
  return e;
}

ExpParts exp_parts(double x) {
  ISOTRACE_CHECK(x >= -150 && x <= 150, x);
  constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
  const double turns = x * inverse_ln2;
  const int n = static_cast<int>(turns + (turns < 0 ? -0.5 : 0.5));
  // Absolute error: 217 * 2^-109 from ln 2, 2 * 150 * u^2 from the product, less from the sum.
  const DoubleDouble r = n == 0 ? DoubleDouble{x, 0.0} : add(multiply(ln2, -n), x);
  return {n, expm1_reduced(r)};
}

DoubleDouble expm1_pair(double x) {
  const ExpParts parts = exp_parts(x);
  if (parts.exponent == 0) return parts.fraction;
  // 2^n (1 + f) - 1 = 2^n f + (2^n - 1). For n = 1 and n = -1 the parts can have opposite signs,
  // but the sum is never below a quarter of the larger one.
  const double power = power_of_two(parts.exponent);
  return add(scale(parts.fraction, parts.exponent), two_sum(power, -1.0));
}

}  // namespace isotrace::reference
