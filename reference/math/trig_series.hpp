// Sine and cosine of a reduced angle by their Taylor series in pairs: what the trigonometric
// functions of both types share.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {
namespace trig_series {

constexpr int terms = 14;  // z <= 0.617: the first term left out is below 2^-105 of either sum

struct Table {
  DoubleDouble at[2 * terms + 1];
};

/// 1/(m (m + 1)) at index m.
ISOTRACE_LANES_TABLE Table steps = [] {
  Table table{};
  for (int m = 1; m <= 2 * terms; ++m) table.at[m] = reciprocal(1.0 * m * (m + 1));
  return table;
}();

/// 1 - z/(m (m+1)) (1 - z/((m+2) (m+3)) (1 - ...)), m = first: each step's error is scaled down by
/// the ones before it, so the sum's stays below 2^-100.
ISOTRACE_PAIRS DoubleDouble alternating(DoubleDouble z, int first) {
  DoubleDouble sum = {1.0, 0.0};
  for (int n = terms - 1; n >= 0; --n) {
    sum = add(negate(multiply(multiply(z, steps.at[first + 2 * n]), sum)), 1.0);
  }
  return sum;
}

}  // namespace trig_series

/// sin(quadrant pi/2 + r), |r| <= pi/4 (1 + 2^-50), with a relative error below 2^-98.
ISOTRACE_PAIRS DoubleDouble sine_in_quadrant(unsigned quadrant, DoubleDouble r) {
  const DoubleDouble z = multiply(r, r);
  const DoubleDouble value = quadrant % 2 == 0 ? multiply(r, trig_series::alternating(z, 2))
                                               : trig_series::alternating(z, 1);
  return quadrant % 4 < 2 ? value : negate(value);
}

}  // namespace isotrace::reference
