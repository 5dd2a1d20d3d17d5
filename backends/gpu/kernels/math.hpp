// Elementary functions, correctly rounded: the sequences of reference/math in binary64, and where
// the fine one leaves two answers, about once in 10^5, those in pairs of binary64. What these leave
// in doubt is reported, and the host settles it.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>
#include <isotrace/backends/gpu/kernels/math_arguments.hpp>
#include <isotrace/reference/math/approximations.hpp>
#include <isotrace/reference/math/binary64_values.hpp>
#include <isotrace/reference/math/scalar_lane.hpp>

namespace isotrace::backends::gpu {

/// Counts in memory that all threads share.
ISOTRACE_KERNEL_CODE std::uint64_t take_number(std::uint64_t* counter) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return atomicAdd(reinterpret_cast<unsigned long long*>(counter), 1ULL);
#else
  return (*counter)++;
#endif
}

ISOTRACE_KERNEL_CODE void doubt(const Doubts& doubts, std::uint64_t element) {
  const std::uint64_t number = take_number(doubts.count);
  if (number < doubts.most) doubts.elements[number] = element;
}

/// A pair rounded to binary32; false where numbers within its error, 2^-85, round differently. Once
/// to binary64 to odd, which keeps what the second rounding must know.
ISOTRACE_PAIRS bool round_pair(reference::binary64::Scaled value, float& result) {
  const double hi = value.pair.hi + value.pair.lo;
  const double lo = value.pair.lo - (hi - value.pair.hi);
  if (!(fabs(lo) > fabs(hi) * reference::binary64::error_max)) return false;
  if (value.exponent > 1000 || value.exponent < -1000) return false;
  std::uint64_t odd = bits_of(hi);
  if (odd % 2 == 0) odd += is_negative(hi) == is_negative(lo) ? 1 : ~std::uint64_t{0};
  const auto power = static_cast<std::uint64_t>(value.exponent + 1023) << 52;
  result = static_cast<float>(from_bits(odd) * from_bits(power));
  return true;
}

/// f(x) in three grades, the last of them in pairs; false where even that leaves two answers.
template <class Function, class Pairs>
ISOTRACE_KERNEL_CODE bool evaluate(float argument, float& result) {
  using reference::Fine;
  using reference::Quick;
  using Lane = reference::ScalarLane;
  const Lane x = static_cast<double>(argument);
  const Lane quick = Function::template value<Quick>(x);
  if (Function::ordinary(x) && Lane::is_clear(quick, Quick::window)) {
    result = static_cast<float>(quick.value);
    return true;
  }
  if (!Function::domain(x)) {
    result = canonical(static_cast<float>(Function::outside(x).value));
    return true;
  }
  const double fine = Function::template value<Fine>(x).value;
  const auto above = static_cast<float>(fma(fine, Fine::error_max, fine));
  const auto below = static_cast<float>(fma(fine, -Fine::error_max, fine));
  result = above;
  if (above == below) return true;
  double known = 0;
  float paired = 0;  // results stay in registers: of functions that are not inlined, this does not
  if (Pairs::special(x.value, known) || !round_pair(Pairs::value(x.value), paired)) return false;
  result = paired;
  return true;
}

template <class Function, class Pairs>
struct MapMath {
  using Arguments = MathArguments;
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    if (!evaluate<Function, Pairs>(a.x[i], a.out[i])) doubt(a.doubts, i);
  }
};

/// The functions of f64 (reference/math/binary64_values.hpp).
template <class Function>
struct MapWideMath {
  using Arguments = WideMathArguments;
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    if (!reference::binary64::evaluate<Function>(a.x[i], a.out[i])) doubt(a.doubts, i);
  }
};

/// x^y of integers modulo 2^64, where y is one: negative powers are the reciprocals, truncated, and
/// of zero set the flag. Other exponents leave what stands there.
template <class Integer>
struct MapWholePower {
  using Arguments = WholePowerArguments<Integer>;

  ISOTRACE_KERNEL_CODE static Integer reciprocal(Integer x, std::uint64_t n) {
    if (x == 1) return 1;
    if constexpr (is_signed_number<Integer>) {
      if (x == -1) return n % 2 == 0 ? Integer{1} : Integer{-1};
    }
    return 0;
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    const WholeExponent y =
        whole_exponent(load_element(a.y_type, a.y, static_cast<std::uint64_t>(at.of[1])));
    if (!y.is_whole) return;
    Integer x = a.x[at.of[0]];
    if (y.is_negative) {
      if (x == 0) *a.flag = 1;
      a.out[i] = reciprocal(x, y.magnitude);
      return;
    }
    Integer result = 1;
    for (std::uint64_t n = y.magnitude; n != 0; n >>= 1) {
      if ((n & 1) != 0) result = multiply(result, x);
      x = multiply(x, x);
    }
    a.out[i] = result;
  }
};

/// x^y as in reference/math/pow.cpp.
struct MapPower {
  using Arguments = PowerArguments<float>;

  /// Of an integer, and of nothing else.
  ISOTRACE_KERNEL_CODE static bool is_odd(double y) {
    return fabs(y) < 0x1p53 && y == floor(y) && y / 2 != floor(y / 2);
  }

  /// For 0 < x < inf, x not 1, y finite and not 0; false where two answers are left.
  ISOTRACE_KERNEL_CODE static bool of_positive(float x, double y, float& result) {
    using Lane = reference::ScalarLane;
    constexpr double error_max = 0x1p-39;
    const double wide = x;
    if (y == 2 || y == 0.5) {
      result = y == 2 ? static_cast<float>(wide * wide) : square_root(x);
      return true;
    }
    const double exponent = y * reference::Log2::value<reference::Fine>(Lane(wide)).value;
    const double value = reference::Exp2::value<reference::Fine>(Lane(exponent)).value;
    result = static_cast<float>(fma(value, error_max, value));
    return result == static_cast<float>(fma(value, -error_max, value));
  }

  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    const float x = a.x[at.of[0]];
    const double y = exponent_of(load_element(a.y_type, a.y, static_cast<std::uint64_t>(at.of[1])));
    const float size = magnitude(x);
    const auto infinite = from_bits(std::uint32_t{0x7F800000});
    const bool y_infinite = fabs(y) == static_cast<double>(infinite);
    float result = 1;
    if (y == 0 || x == 1) {
      a.out[i] = result;
      return;
    }
    const bool root_of_negative = x < 0 && size != infinite && !y_infinite && y != floor(y);
    if (x != x || y != y || root_of_negative) {
      a.out[i] = from_bits(std::uint32_t{0x7FC00000});
      return;
    }
    if (size == 0 || size == infinite || y_infinite) {
      if (size != 1) result = (size > 1) == (y > 0) ? infinite : 0.0F;
    } else if (size != 1 && !of_positive(size, y, result)) {
      doubt(a.doubts, i);
    }
    a.out[i] = is_negative(x) && is_odd(y) ? -result : result;
  }
};

/// The same of f64.
struct MapWidePower {
  using Arguments = PowerArguments<double>;
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    double y = 0;
    bool minus = false;
    const bool exact =
        wide_exponent_of(load_element(a.y_type, a.y, static_cast<std::uint64_t>(at.of[1])), y);
    const bool certain = reference::binary64::power(a.x[at.of[0]], y, a.out[i], minus);
    if (!exact || !certain) doubt(a.doubts, i);
  }
};

}  // namespace isotrace::backends::gpu
