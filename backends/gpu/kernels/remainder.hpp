// The remainder of two floating-point numbers (docs/spec/elementwise.md, Mod), which is a number of
// their format: long division of the significands, without any rounding, as in reference/mod.cpp.
#pragma once

#include <isotrace/backends/gpu/kernels/numbers.hpp>

namespace isotrace::backends::gpu {

template <class Real>
struct RealFormat;
template <>
struct RealFormat<float> {
  static constexpr int stored = 23;   ///< bits of the significand that stand in the number
  static constexpr int least = -149;  ///< exponent of the least subnormal number
  static constexpr std::uint32_t infinity = 0x7F800000;
};
template <>
struct RealFormat<double> {
  static constexpr int stored = 52;
  static constexpr int least = -1074;
  static constexpr std::uint64_t infinity = 0x7FF0000000000000;
};

/// value = significand * 2^exponent for a finite number that is not negative.
struct RealParts {
  std::uint64_t significand;
  int exponent;
};

template <class Real>
ISOTRACE_KERNEL_CODE RealParts take_apart(Real value) {
  constexpr int stored = RealFormat<Real>::stored;
  const std::uint64_t bits = bits_of(value);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << stored) - 1);
  const int biased = static_cast<int>(bits >> stored);
  if (biased == 0) return {fraction, RealFormat<Real>::least};
  return {fraction | std::uint64_t{1} << stored, RealFormat<Real>::least + biased - 1};
}

/// significand * 2^exponent, which is a number of the format.
template <class Real>
ISOTRACE_KERNEL_CODE Real put_together(std::uint64_t significand, int exponent) {
  constexpr int stored = RealFormat<Real>::stored;
  if (significand == 0) return 0;
  while (significand >> stored == 0 && exponent > RealFormat<Real>::least) {
    significand <<= 1;
    --exponent;
  }
  std::uint64_t bits = significand;  // of a subnormal number
  if (significand >> stored != 0) {
    bits = (significand & ((std::uint64_t{1} << stored) - 1)) |
           static_cast<std::uint64_t>(exponent - RealFormat<Real>::least + 1) << stored;
  }
  if constexpr (sizeof(Real) == 4) {
    return from_bits(static_cast<std::uint32_t>(bits));
  } else {
    return from_bits(bits);
  }
}

/// x - n * y with the integer n that x / y truncates to; the sign of x, also on zero.
template <class Real>
ISOTRACE_KERNEL_CODE Real remainder_of(Real x, Real y) {
  const Real infinity = from_bits(RealFormat<Real>::infinity);
  const Real dividend = magnitude(x);
  const Real divisor = magnitude(y);
  if (x != x || y != y || dividend == infinity || divisor == 0) return infinity - infinity;
  if (dividend < divisor) return x;
  const RealParts a = take_apart(dividend);
  const RealParts b = take_apart(divisor);
  // As many bits of the quotient at a time as there is room for above the significand.
  constexpr int room = 63 - RealFormat<Real>::stored;
  std::uint64_t rest = a.significand % b.significand;
  for (int left = a.exponent - b.exponent; left > 0; left -= room) {
    rest = (rest << (left < room ? left : room)) % b.significand;
  }
  const Real size = put_together<Real>(rest, b.exponent);
  return is_negative(x) ? -size : size;
}

}  // namespace isotrace::backends::gpu
