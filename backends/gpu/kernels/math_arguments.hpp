// What the kernels of elementary functions take (math.hpp), for who launches them.
#pragma once

#include <isotrace/backends/gpu/kernels/convert.hpp>
#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// The elements that a kernel leaves in doubt.
struct Doubts {
  std::uint32_t* count;
  std::uint64_t* elements;  ///< the first `most` of them, in any order
  std::uint32_t most;
};

struct MathArguments {
  std::uint64_t count;
  const float* x;
  float* out;
  Doubts doubts;
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

struct PowerArguments {
  std::uint64_t count;
  const float* x;
  Dtype y_type;
  const void* y;
  float* out;
  Doubts doubts;
  Space<2> space;
};

}  // namespace isotrace::backends::gpu
