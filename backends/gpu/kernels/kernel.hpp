// What kernels are written in: one source for CUDA, HIP and, in tests, the host.
//
// A kernel is a type with
//   Arguments                    plain data, the same bytes on host and device
//   threads                      threads per block
//   Shared, Own                  memory of the block, memory of the thread
//   phases(arguments, at)        how often its threads meet, plus one; equal within a block
//   run(arguments, at, phase, shared, own)
// Between two phases of a block stands a barrier. So a device runs the phases of one thread in a
// loop with a barrier in it, and the host all threads of a block phase by phase, with the same
// result: threads exchange nothing within a phase.
//
// Arithmetic is + - * / and the functions below, which are correctly rounded everywhere; compilers
// are told neither to contract nor to flush, and a test reads what they made.
#pragma once

#include <math.h>

#include <cstddef>
#include <cstdint>

#include <isotrace/reference/math/lane_code.hpp>

#define ISOTRACE_KERNEL_CODE ISOTRACE_LANES

namespace isotrace::backends::gpu {

/// The place of a thread in its launch.
struct At {
  std::uint32_t x;  ///< block
  std::uint32_t y;
  std::uint32_t z;
  std::uint32_t thread;
};

struct Nothing {};

/// A kernel without barriers: Item::run(arguments, index) for every index below arguments.count.
template <class Item>
struct ForEach {
  using Arguments = typename Item::Arguments;
  using Shared = Nothing;
  using Own = Nothing;
  static constexpr unsigned threads = 256;

  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments&, At) { return 1; }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& arguments, At at, std::uint32_t, Shared&,
                                       Own&) {
    const std::uint64_t index = std::uint64_t{at.x} * threads + at.thread;
    if (index < arguments.count) Item::run(arguments, index);
  }
};

/// a * b + c, rounded once.
ISOTRACE_KERNEL_CODE float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
ISOTRACE_KERNEL_CODE float square_root(float x) { return sqrtf(x); }

ISOTRACE_KERNEL_CODE std::uint32_t bits_of(float x) { return __builtin_bit_cast(std::uint32_t, x); }
ISOTRACE_KERNEL_CODE float from_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
ISOTRACE_KERNEL_CODE bool is_negative(float x) { return bits_of(x) >> 31 != 0; }
/// Every NaN as the canonical one; what arithmetic stores.
ISOTRACE_KERNEL_CODE float canonical(float x) { return x != x ? from_bits(0x7FC00000) : x; }

/// IEEE 754-2019 maximum and minimum: NaN propagates, +0 > -0.
ISOTRACE_KERNEL_CODE float maximum(float a, float b) {
  if (a != a) return a;
  if (b != b) return b;
  if (a == b) return is_negative(a) ? b : a;
  return a > b ? a : b;
}
ISOTRACE_KERNEL_CODE float minimum(float a, float b) {
  if (a != a) return a;
  if (b != b) return b;
  if (a == b) return is_negative(a) ? a : b;
  return a < b ? a : b;
}

}  // namespace isotrace::backends::gpu
