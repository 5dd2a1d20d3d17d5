// Cosine and sine of a rational part of a turn in pairs, for the host and for devices. The angle is
// reduced to the nearest quarter turn in integers, exactly: 2 pi k / n = q pi/2 + t,
// t = (4k - qn)/n * pi/2, |t| <= pi/4. Then the Taylor series of cos t and sin t, each factor a
// double_double.
#pragma once

#include <isotrace/reference/math/angle.hpp>
#include <isotrace/reference/math/turn.hpp>

namespace isotrace::reference {
namespace turn_series {

constexpr int terms = 15;  // |t|^30 / 30! < 2^-118

struct Table {
  DoubleDouble at[2 * terms];
};

/// 1/((m + 1)(m + 2)) at index m: the factor from t^m/m! to t^(m+2)/(m+2)! without t^2.
ISOTRACE_LANES_TABLE Table steps = [] {
  Table table{};
  for (int m = 0; m < 2 * terms; ++m) table.at[m] = reciprocal(1.0 * (m + 1) * (m + 2));
  return table;
}();

/// 1 - z s[m] (1 - z s[m+2] (1 - ...)), z = t^2.
ISOTRACE_PAIRS DoubleDouble alternating(DoubleDouble z, int m) {
  DoubleDouble sum = {1.0, 0.0};
  for (int i = terms - 1; i >= 0; --i) {
    sum = add(negate(multiply(multiply(z, steps.at[m + 2 * i]), sum)), 1.0);
  }
  return sum;
}

}  // namespace turn_series

/// turn() without its checks.
ISOTRACE_PAIRS Turn unchecked_turn(std::int64_t k, std::int64_t n) {
  const std::int64_t quarter = (8 * k + n) / (2 * n);  // 4k/n to the nearest
  const std::int64_t rest = 4 * k - quarter * n;       // |rest| <= n/2
  Turn result = {{1.0, 0.0}, {0.0, 0.0}};
  if (rest != 0) {
    const DoubleDouble part =
        divide({static_cast<double>(rest), 0.0}, {static_cast<double>(n), 0.0});
    const DoubleDouble t = multiply(part, half_pi);
    const DoubleDouble z = multiply(t, t);
    result = {turn_series::alternating(z, 0), multiply(t, turn_series::alternating(z, 1))};
  }
  switch (quarter % 4) {
    case 1: return {negate(result.sine), result.cosine};
    case 2: return {negate(result.cosine), negate(result.sine)};
    case 3: return {result.sine, negate(result.cosine)};
    default: return result;
  }
}

}  // namespace isotrace::reference
