// [math.erf] erf x = 2/sqrt(pi) x e^(-x^2) (1 + 2x^2/3 (1 + 2x^2/5 (1 + ...))): all terms are
// positive.
#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

constexpr DoubleDouble two_over_sqrt_pi = {0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56};
constexpr int terms = 100;  // x^2 < 16: what is left out is below 2^-120 of the sum

/// Of its terms fewer than 40 matter at a time, each with a relative error below 2^-101: together
/// below 2^-95.
DoubleDouble series(double twice_square) {
  DoubleDouble sum = {1.0, 0.0};
  for (int n = terms; n >= 1; --n) {
    sum = add(multiply(multiply(sum, twice_square), reciprocal(2 * n + 1)), 1.0);
  }
  return sum;
}

}  // namespace

float erf(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0) return x;
  const double magnitude = std::fabs(static_cast<double>(x));
  if (magnitude >= 4) return std::copysign(1.0F, x);  // 1 - erf 4 < 2^-25
  const double square = magnitude * magnitude;        // exact: 48 bits
  const ExpParts parts = exp_parts(-square);
  const DoubleDouble power = scale(add(parts.fraction, 1.0), parts.exponent);
  const DoubleDouble factor = multiply(two_over_sqrt_pi, multiply(power, magnitude));
  return std::copysign(round_certainly(multiply(factor, series(2 * square))), x);
}

}  // namespace isotrace::reference::trusted
