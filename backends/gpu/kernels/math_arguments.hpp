// What the kernels of elementary functions take (math.hpp), for who launches them.
#pragma once

#include <isotrace/backends/gpu/kernels/convert.hpp>
#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// The elements that a kernel leaves in doubt.
struct Doubts {
  std::uint64_t* count;
  std::uint64_t* elements;  ///< the first `most` of them, in any order
  std::uint32_t most;
};

struct MathArguments {
  std::uint64_t count;
  const float* x;
  float* out;
  Doubts doubts;
};

/// Of f64.
struct WideMathArguments {
  std::uint64_t count;
  const double* x;
  double* out;
  Doubts doubts;
};

/// An exponent of integers: any number that is whole, finite ones beyond 2^63 as 2^63, whose powers
/// are the same modulo 2^64.
struct WholeExponent {
  bool is_whole;
  bool is_negative;
  std::uint64_t magnitude;
};
ISOTRACE_KERNEL_CODE WholeExponent whole_exponent(const AnyElement& y) {
  if (y.is_whole) {
    const bool negative = !y.is_unsigned && y.whole >> 63 != 0;
    return {true, negative, negative ? 0 - y.whole : y.whole};
  }
  const double size = magnitude(y.real);
  const double infinity = from_bits(std::uint64_t{0x7FF0000000000000});
  if (!(size < infinity) || size != round_down(size)) return {false, false, 0};
  return {true, y.real < 0, static_cast<std::uint64_t>(size < 0x1p63 ? size : 0x1p63)};
}

template <class Integer>
struct WholePowerArguments {
  std::uint64_t count;
  const Integer* x;
  Dtype y_type;
  const void* y;
  Integer* out;
  std::uint32_t* flag;  ///< set where zero has a negative exponent
  Space<2> space;
};

/// An exponent of any type: of integers beyond 2^53 only sign and parity matter, since |x| is 0, 1,
/// or so far from 1 that the power is 0 or infinite.
ISOTRACE_KERNEL_CODE double exponent_of(const AnyElement& y) {
  if (!y.is_whole) return y.real;
  constexpr std::uint64_t even_limit = (std::uint64_t{1} << 53) - 2;
  const bool negative = !y.is_unsigned && y.whole >> 63 != 0;
  const std::uint64_t size = negative ? 0 - y.whole : y.whole;
  const auto real = static_cast<double>(size <= even_limit ? size : even_limit + size % 2);
  return negative ? -real : real;
}

/// The same of f64, whose powers tell such integers apart: (1 + 2^-52)^(2^53) is near e^2. False
/// where binary64 has no such number.
ISOTRACE_KERNEL_CODE bool wide_exponent_of(const AnyElement& y, double& exponent) {
  exponent = y.real;
  if (!y.is_whole) return true;
  const bool negative = !y.is_unsigned && y.whole >> 63 != 0;
  const std::uint64_t size = negative ? 0 - y.whole : y.whole;
  exponent = static_cast<double>(size);
  if (negative) exponent = -exponent;
  return size >> 53 == 0 || (size & 0x7FF) == 0;
}

template <class Number>
struct PowerArguments {
  std::uint64_t count;
  const Number* x;
  Dtype y_type;
  const void* y;
  Number* out;
  Doubts doubts;
  Space<2> space;
};

}  // namespace isotrace::backends::gpu
