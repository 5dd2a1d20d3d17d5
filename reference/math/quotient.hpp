// Division, correctly rounded also where a compiler's sequence for it may miss by a unit in the
// last place. AMD's processors have no instruction for it: reciprocals that Newton's steps refine
// end beside a tie where the divisor's significand is all ones (P. Markstein, "Computation of
// elementary functions on the IBM RISC System/6000 processor", IBM J. Res. Dev. 34(1), 1990,
// theorem 8.3), and whether the last step knows of that, the manuals leave open.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// value * 2^exponent, 1 <= |value| < 2.
struct Significand {
  double value;
  int exponent;
};

/// Of a finite number that is not zero.
ISOTRACE_PAIRS Significand significand(double x) {
  const bool subnormal = std::fabs(x) < 0x1p-1022;
  const auto bits = std::bit_cast<std::uint64_t>(subnormal ? x * 0x1p100 : x);
  constexpr std::uint64_t exponents = std::uint64_t{0x7FF} << 52;
  const int exponent = static_cast<int>((bits & exponents) >> 52) - 1023;
  return {std::bit_cast<double>((bits & ~exponents) | std::uint64_t{1023} << 52),
          subnormal ? exponent - 100 : exponent};
}

/// The neighbour with a greater or smaller magnitude.
ISOTRACE_PAIRS double neighbour(double x, bool greater) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  return std::bit_cast<double>(greater ? bits + 1 : bits - 1);
}

/// x * 2^exponent for 1/2 <= |x| <= 2, rounded once.
ISOTRACE_PAIRS double scale_once(double x, int exponent) {
  const int all = exponent < -1100 ? -1100 : exponent > 1100 ? 1100 : exponent;
  const int most = all < -1000 ? -1000 : all > 1000 ? 1000 : all;
  return x * power_of_two(most) * power_of_two(all - most);
}

/// a / b, where estimate(a, b) gives it for 1 <= |a|, |b| < 2 to less than one unit in the last
/// place. What is left of a is then a number, and says which neighbour is nearer; no quotient lies
/// half way between two (but where it is subnormal).
template <class Estimate>
ISOTRACE_PAIRS double settled_quotient(double a, double b, Estimate estimate) {
  const double infinite = std::bit_cast<double>(std::uint64_t{0x7FF} << 52);
  if (!(std::fabs(a) < infinite && std::fabs(b) < infinite) || a == 0 || b == 0) return a / b;
  const Significand x = significand(a);
  const Significand y = significand(b);
  double nearest = estimate(x.value, y.value);
  double rest = std::fma(-nearest, y.value, x.value);
  const double other = neighbour(nearest, (rest < 0) == (x.value < 0));
  const double other_rest = std::fma(-other, y.value, x.value);
  if (std::fabs(other_rest) < std::fabs(rest)) {
    nearest = other;
    rest = other_rest;
  }
  const int exponent = x.exponent - y.exponent;
  const double result = scale_once(nearest, exponent);
  if (exponent >= -1021 || exponent < -1076 || rest == 0) return result;
  // Rounded a second time: right but where the first one has made a tie of it.
  const double back = result * 0x1p1000 * power_of_two(-exponent - 1000);
  if (std::fabs(nearest - back) != power_of_two(-1075 - exponent)) return result;
  return scale_once(neighbour(nearest, (rest < 0) == (x.value < 0)), exponent);
}

/// Correctly rounded on every device. Numbers of 24 bits have quotients so far from where binary32
/// changes that a unit of binary64 decides nothing.
ISOTRACE_PAIRS double divide(double a, double b) {
#if defined(__HIP_DEVICE_COMPILE__)
  return settled_quotient(a, b, [](double x, double y) { return x / y; });
#else
  return a / b;
#endif
}
ISOTRACE_PAIRS float divide(float a, float b) {
#if defined(__HIP_DEVICE_COMPILE__)
  return static_cast<float>(static_cast<double>(a) / static_cast<double>(b));
#else
  return a / b;
#endif
}

}  // namespace isotrace::reference
