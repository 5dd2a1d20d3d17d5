// The angle is reduced to the nearest quarter turn in integers, exactly: 2 pi k / n = q pi/2 + t,
// t = (4k - qn)/n * pi/2, |t| <= pi/4. Then the Taylor series of cos t and sin t, each factor a
// double_double.
#include <isotrace/reference/math/turn.hpp>

#include <array>

#include <isotrace/core/check.hpp>
#include <isotrace/reference/math/angle.hpp>
#include <isotrace/reference/math/round.hpp>

namespace isotrace::reference {
namespace {

constexpr std::int64_t n_max = std::int64_t{1} << 50;
constexpr int terms = 15;  // |t|^30 / 30! < 2^-118

/// 1/((m + 1)(m + 2)) at index m: the factor from t^m/m! to t^(m+2)/(m+2)! without t^2.
constexpr auto steps = [] {
  std::array<DoubleDouble, 2 * terms> table{};
  for (std::size_t m = 0; m < table.size(); ++m) {
    table[m] = reciprocal(static_cast<double>((m + 1) * (m + 2)));
  }
  return table;
}();

/// 1 - z s[m] (1 - z s[m+2] (1 - ...)), z = t^2.
DoubleDouble alternating_series(DoubleDouble z, std::size_t m) {
  DoubleDouble sum = {1.0, 0.0};
  for (std::size_t i = terms; i-- > 0;) {
    sum = add(negate(multiply(multiply(z, steps[m + 2 * i]), sum)), 1.0);
  }
  return sum;
}

}  // namespace

Turn turn(std::int64_t k, std::int64_t n) {
  ISOTRACE_CHECK(0 <= k && k < n && n <= n_max, k, n);
  const std::int64_t quarter = (8 * k + n) / (2 * n);  // 4k/n to the nearest
  const std::int64_t rest = 4 * k - quarter * n;       // |rest| <= n/2
  Turn result = {{1.0, 0.0}, {0.0, 0.0}};
  if (rest != 0) {
    const DoubleDouble part =
        divide({static_cast<double>(rest), 0.0}, {static_cast<double>(n), 0.0});
    const DoubleDouble t = multiply(part, half_pi);
    const DoubleDouble z = multiply(t, t);
    result = {alternating_series(z, 0), multiply(t, alternating_series(z, 1))};
  }
  switch (quarter % 4) {
    case 1: return {negate(result.sine), result.cosine};
    case 2: return {negate(result.cosine), negate(result.sine)};
    case 3: return {result.sine, negate(result.cosine)};
    default: return result;
  }
}

template <>
double round_turn<double>(DoubleDouble value) {
  return value.hi + 0.0;  // the parts do not overlap, so hi is the nearest; -0 + 0 is +0
}

template <>
float round_turn<float>(DoubleDouble value) {
  return value.hi == 0.0 ? 0.0F : round_certainly(value);
}

}  // namespace isotrace::reference
