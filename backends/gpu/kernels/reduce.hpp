// R, the one order of summation (reference/reduce.hpp): one warp for each chunk of a row. The sums
// of a long row's chunks are a row again, so the host launches this until one number is left.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

inline constexpr std::uint32_t reduction_lanes = 32;
inline constexpr std::uint64_t reduction_chunk = 4096;

/// What comes into a lane: x itself joined to it, or something made of x added to it.
enum class Reduction : std::uint32_t {
  sum,
  sum_of_squares,
  sum_of_magnitudes,
  product,
  maximum,
  minimum
};

ISOTRACE_KERNEL_CODE float neutral_element(Reduction op) {
  switch (op) {
    case Reduction::product: return 1.0F;
    case Reduction::maximum: return from_bits(0xFF800000);
    case Reduction::minimum: return from_bits(0x7F800000);
    default: return 0.0F;
  }
}

ISOTRACE_KERNEL_CODE float join(Reduction op, float a, float b) {
  switch (op) {
    case Reduction::product: return a * b;
    case Reduction::maximum: return maximum(a, b);
    case Reduction::minimum: return minimum(a, b);
    default: return a + b;
  }
}

ISOTRACE_KERNEL_CODE float bring_in(Reduction op, float lane, float x) {
  switch (op) {
    case Reduction::sum_of_squares: return multiply_add(x, x, lane);
    case Reduction::sum_of_magnitudes: return lane + fabsf(x);
    default: return join(op, lane, x);
  }
}

/// out[row * chunks + c] = the reduction of chunk c of the row, without making NaN canonical.
struct ReduceChunks {
  struct Arguments {
    std::uint64_t rows;
    std::uint64_t length;  ///< elements per row, which lie together
    std::uint64_t chunks;  ///< per row, at least 1
    Reduction op;
    const float* x;
    float* out;
  };
  static constexpr std::uint32_t chunks_per_block = 4;
  static constexpr unsigned threads = chunks_per_block * reduction_lanes;
  struct Shared {
    float lanes[chunks_per_block][reduction_lanes];
  };
  using Own = Nothing;

  /// The lanes, then a tree of five levels.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments&, At) { return 6; }

  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, At at, std::uint32_t phase,
                                       Shared& shared, Own&) {
    const std::uint64_t number =
        std::uint64_t{at.x} * chunks_per_block + at.thread / reduction_lanes;
    if (number >= a.rows * a.chunks) return;
    const std::uint32_t lane = at.thread % reduction_lanes;
    float* lanes = shared.lanes[at.thread / reduction_lanes];
    if (phase == 0) {
      lanes[lane] = sum_lane(a, number, lane);
      return;
    }
    const std::uint32_t width = reduction_lanes >> phase;
    if (lane < width) lanes[lane] = join(a.op, lanes[lane], lanes[lane + width]);
    if (width == 1 && lane == 0) a.out[number] = lanes[0];
  }

 private:
  ISOTRACE_KERNEL_CODE static float sum_lane(const Arguments& a, std::uint64_t number,
                                             std::uint32_t lane) {
    const float* row = a.x + number / a.chunks * a.length;
    const std::uint64_t begin = number % a.chunks * reduction_chunk;
    const std::uint64_t end =
        a.length - begin < reduction_chunk ? a.length : begin + reduction_chunk;
    float value = neutral_element(a.op);
    for (std::uint64_t i = begin + lane; i < end; i += reduction_lanes) {
      value = bring_in(a.op, value, row[i]);
    }
    return value;
  }
};

}  // namespace isotrace::backends::gpu
