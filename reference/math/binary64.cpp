// [math.exp] [math.log] in binary64 (docs/spec/math.md).
#include <isotrace/reference/math/binary64.hpp>

#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/log_series.hpp>

namespace isotrace::reference {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// value * 2^n with one rounding, for a positive value. Below 2^-1022 the result is a whole number
/// of units of 2^-1074, so the value is counted in these: adding 2^52 rounds the higher part to a
/// whole number, and where that meets a half-way point the lower part decides.
double scale_and_round(DoubleDouble value, int n) {
  if (n > -1022 || (n == -1022 && value.hi >= 1)) {
    const int half = n / 2;
    return value.hi * power_of_two(half) * power_of_two(n - half);
  }
  constexpr double grid = 0x1p52;
  const DoubleDouble units = scale(scale(value, n / 2), n - n / 2 + 1074);
  const DoubleDouble rounded = two_sum(grid, units.hi);
  double count = rounded.hi - grid;
  if (rounded.lo == 0.5 && units.lo > 0) count += 1;
  if (rounded.lo == -0.5 && units.lo < 0) count -= 1;
  return count * power_of_two(-1000) * power_of_two(-74);
}

}  // namespace

double exp64(double x) {
  if (x != x) return core::canonical(x);
  if (x > 0x1.62e42fefa39efp+9) return infinity;  // the greatest x whose power is below 2^1024
  if (x < -746) return 0;                         // e^-746 < 2^-1075
  constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
  const double turns = x * inverse_ln2;
  const int n = static_cast<int>(turns + (turns < 0 ? -0.5 : 0.5));
  // ln 2 errs below 2^-109 and n is below 2^11: the error of r is below 2^-97.
  const DoubleDouble r = n == 0 ? DoubleDouble{x, 0.0} : add(multiply(ln2, -n), x);
  return scale_and_round(add(expm1_reduced(r), 1.0), n);
}

double log64(double x) {
  if (x == 0) return -infinity;
  if (!(x > 0)) return core::canonical(std::numeric_limits<double>::quiet_NaN());
  if (x == infinity) return infinity;
  if (x == 1) return 0;
  // Into the middle of the range, where the series' scaling cannot overflow or underflow.
  constexpr int shift = 400;
  const int n = x < 0x1p-600 ? -shift : x > 0x1p600 ? shift : 0;
  const double scaled = x * power_of_two(-n);
  const DoubleDouble middle = log_pair({scaled, 0.0});
  return n == 0 ? middle.hi : add(multiply(ln2, n), middle).hi;
}

}  // namespace isotrace::reference
