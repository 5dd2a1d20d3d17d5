// Exponentials: [math.exp] and the functions exp2 and expm1 (docs/spec/math.md).
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

float exp(float x) {
  if (x != x) return core::canonical(x);
  if (x > 89) return infinity;  // e^89 > 2^128
  if (x < -104) return 0;       // e^-104 < 2^-150
  if (x == 0) return 1;
  const ExpParts parts = exp_parts(x);
  return round_certainly(scale(add(parts.fraction, 1.0), parts.exponent));
}

float exp2(float x) {
  if (x != x) return core::canonical(x);
  if (x >= 128) return infinity;
  if (x <= -150) return 0;  // 2^-150 lies half way between 0 and 2^-149: to even
  const int n = static_cast<int>(x + (x < 0 ? -0.5F : 0.5F));
  const double rest = static_cast<double>(x) - n;
  if (rest == 0) return static_cast<float>(power_of_two(n));
  const DoubleDouble fraction = expm1_reduced(multiply(ln2, rest));
  return round_certainly(scale(add(fraction, 1.0), n));
}

float expm1(float x) {
  if (x != x) return core::canonical(x);
  if (x > 89) return infinity;  // e^89 - 1 > 2^128
  if (x < -18) return -1;       // e^-18 < 2^-25, half a unit in the last place below 1
  if (x == 0) return x;
  return round_certainly(expm1_pair(x));
}

}  // namespace isotrace::reference::trusted
