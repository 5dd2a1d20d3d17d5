// What kernels are written in: one source for CUDA, HIP and, in tests, the host.
//
// A kernel is a type with
//   Arguments                    plain data, the same bytes on host and device
//   threads                      threads per block
//   Shared<Cell>, Own            memory of the block, whose numbers are Cells; memory of the thread
//   phases(arguments, at)        how often its threads meet, plus one; equal within a block
//   run(arguments, at, phase, shared, own)
// Between two phases of a block stands a barrier. So a device runs the phases of one thread in a
// loop with a barrier in it, and the host all threads of a block phase by phase, with the same
// result: threads exchange nothing within a phase, which tests watch by Cells of their own.
// numbers.hpp says what they compute with.
#pragma once

#include <cstddef>
#include <cstdint>

#include <isotrace/backends/gpu/kernels/numbers.hpp>

namespace isotrace::backends::gpu {

/// The place of a thread in its launch.
struct At {
  std::uint32_t x;  ///< block
  std::uint32_t y;
  std::uint32_t z;
  std::uint32_t thread;
};

/// Where the blocks of a launch begin: more of them than a driver takes are several launches. The
/// second argument of every entry point.
struct Origin {
  std::uint32_t y;
  std::uint32_t z;
};

struct Nothing {};

/// What shared memory is made of on a device.
template <class Number>
using BareCell = Number;

/// How many of arguments.count a thread does: one, or Arguments::each.
template <class Arguments>
inline constexpr std::uint32_t elements_each = 1;
template <class Arguments>
requires(Arguments::each >
         1) inline constexpr std::uint32_t elements_each<Arguments> = Arguments::each;

/// A kernel without barriers: Item::run(arguments, index) for every index below arguments.count, or
/// for the first of every elements_each of them.
template <class Item>
struct ForEach {
  using Arguments = typename Item::Arguments;
  template <template <class> class>
  using Shared = Nothing;
  using Own = Nothing;
  static constexpr unsigned threads = 256;

  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments&, At) { return 1; }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& arguments, At at, std::uint32_t, Nothing&,
                                       Own&) {
    const std::uint64_t index =
        (std::uint64_t{at.x} * threads + at.thread) * elements_each<Arguments>;
    if (index < arguments.count) Item::run(arguments, index);
  }
};

}  // namespace isotrace::backends::gpu
