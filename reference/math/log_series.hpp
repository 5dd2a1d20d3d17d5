// Logarithms as double_doubles: what the logarithms and the inverse hyperbolic functions
// share.
//
// ln(2^n m) = n ln 2 + 2 atanh(s), s = (m - 1)/(m + 1), m in [sqrt(1/2), sqrt(2)), so |s| < 0.1716
// and the two parts never cancel: |n| ln 2 is at least twice the other.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {
namespace log_series {

constexpr int terms = 20;  // s^2 < 2^-5.08: the first term left out is below 2^-106 of the sum
constexpr int pair_terms =
    10;  // from s^20/21 on, binary64 coefficients err below 2^-104 of the sum

struct Table {
  DoubleDouble at[terms];
};

/// 1/(2n + 1) at index n.
ISOTRACE_LANES_TABLE Table odd_reciprocals = [] {
  Table table{};
  for (int n = 0; n < terms; ++n) table.at[n] = reciprocal(2.0 * n + 1.0);
  return table;
}();

/// 2 atanh(s) / s as a polynomial in z = s^2: 2 (1 + z/3 + z^2/5 + ...).
ISOTRACE_PAIRS DoubleDouble atanh_quotient(DoubleDouble z) {
  double tail = odd_reciprocals.at[terms - 1].hi;
  for (int n = terms - 2; n >= pair_terms; --n) {
    tail = std::fma(tail, z.hi, odd_reciprocals.at[n].hi);
  }
  DoubleDouble sum = {tail, 0.0};
  for (int n = pair_terms; n-- > 0;) sum = add(odd_reciprocals.at[n], multiply(sum, z));
  return {2 * sum.hi, 2 * sum.lo};
}

}  // namespace log_series

/// ln(value) for a positive value with 2^-600 < hi < 2^600; relative error below 2^-96, beside the
/// part that the value's own error makes. The value is not 1.
ISOTRACE_PAIRS DoubleDouble log_pair(DoubleDouble value) {
  constexpr std::uint64_t sqrt2_fraction = 0x6A09E667F3BCD;
  constexpr std::uint64_t fraction_mask = (std::uint64_t{1} << 52) - 1;
  const auto bits = std::bit_cast<std::uint64_t>(value.hi);
  int n = static_cast<int>(bits >> 52) - 1023;
  if ((bits & fraction_mask) >= sqrt2_fraction) ++n;
  const DoubleDouble m = scale(value, -n);
  // m.hi - 1 is exact (Sterbenz), so the numerator is m - 1 exactly, however small.
  const DoubleDouble numerator = two_sum(m.hi - 1.0, m.lo);
  const DoubleDouble s = divide(numerator, add(m, 1.0));
  const DoubleDouble fraction = multiply(s, log_series::atanh_quotient(multiply(s, s)));
  return n == 0 ? fraction : add(multiply(ln2, n), fraction);
}

/// ln(1 + u) for 0 < u < 2^600, accurate near 0: relative error below 2^-95, beside the part that
/// the error of u makes.
ISOTRACE_PAIRS DoubleDouble log1p_pair(DoubleDouble u) {
  if (u.hi > 0.25) return log_pair(add(u, 1.0));
  const DoubleDouble s = divide(u, add(u, 2.0));
  return multiply(s, log_series::atanh_quotient(multiply(s, s)));
}

}  // namespace isotrace::reference
