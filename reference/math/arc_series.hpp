// The arc tangent of a quotient in pairs: what the inverse trigonometric functions of both types
// share.
#pragma once

#include <isotrace/reference/math/angle.hpp>

namespace isotrace::reference {
namespace arc_series {

constexpr int halvings = 3;  // t <= tan(pi/32) afterwards
constexpr int terms = 16;    // t^2 < 2^-6.6: the first term left out is below 2^-110

struct Table {
  DoubleDouble at[terms + 1];
};

/// 1/(2n + 1) at index n.
ISOTRACE_LANES_TABLE Table odd_reciprocals = [] {
  Table table{};
  for (int n = 0; n <= terms; ++n) table.at[n] = reciprocal(2.0 * n + 1.0);
  return table;
}();

/// atan t for 0 < t <= 1: atan t = 2 atan(t / (1 + sqrt(1 + t^2))), three times, then the series.
/// Every step is a product or a sum of positive numbers, so the relative error stays below 2^-98.
ISOTRACE_PAIRS DoubleDouble arc_tangent_up_to_1(DoubleDouble t) {
  for (int i = 0; i < halvings; ++i) {
    t = divide(t, add(square_root(add(multiply(t, t), 1.0)), 1.0));
  }
  const DoubleDouble z = negate(multiply(t, t));
  DoubleDouble sum = odd_reciprocals.at[terms];
  for (int n = terms - 1; n >= 0; --n) sum = add(odd_reciprocals.at[n], multiply(z, sum));
  return scale(multiply(t, sum), halvings);
}

}  // namespace arc_series

/// atan(y / x) for positive y and x, with a relative error below 2^-96.
ISOTRACE_PAIRS DoubleDouble arc_tangent(DoubleDouble y, DoubleDouble x) {
  if (y.hi <= x.hi) return arc_series::arc_tangent_up_to_1(divide(y, x));
  return add(half_pi, negate(arc_series::arc_tangent_up_to_1(divide(x, y))));
}

/// |asin x| for 0 < |x| < 1: atan(|x| / sqrt((1 - |x|)(1 + |x|))).
ISOTRACE_PAIRS DoubleDouble arc_sine(double magnitude) {
  const DoubleDouble square = multiply(two_sum(1.0, -magnitude), two_sum(1.0, magnitude));
  return arc_tangent({magnitude, 0.0}, square_root(square));
}

/// acos x for |x| < 1: 2 atan(sqrt(1 - x) / sqrt(1 + x)).
ISOTRACE_PAIRS DoubleDouble arc_cosine(double x) {
  return scale(arc_tangent(square_root(two_sum(1.0, -x)), square_root(two_sum(1.0, x))), 1);
}

}  // namespace isotrace::reference
