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

template <class Number>
ISOTRACE_KERNEL_CODE Number join(Reduction op, Number a, Number b) {
  switch (op) {
    case Reduction::product: return multiply(a, b);
    case Reduction::maximum: return maximum(a, b);
    case Reduction::minimum: return minimum(a, b);
    default: return add(a, b);
  }
}

template <class Number>
ISOTRACE_KERNEL_CODE Number bring_in(Reduction op, Number lane, Number x) {
  switch (op) {
    case Reduction::sum_of_squares: return multiply_add(x, x, lane);
    case Reduction::sum_of_magnitudes: return add(lane, magnitude(x));
    default: return join(op, lane, x);
  }
}

/// out[i] = (high 2^32 + low) / divisor, truncated: means of integers, whose sums may need more
/// than 64 bits. The quotient needs no more than they have.
template <class Integer>
struct DivideSums {
  struct Arguments {
    std::uint64_t count;
    std::uint32_t divisor;  ///< not 0
    const Integer* high;    ///< |high| < 2^63
    const std::uint64_t* low;
    Integer* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    // Four digits of 32 bits, the highest of them with the sign.
    const std::uint64_t low = a.low[i];
    const auto middle = static_cast<std::uint64_t>(a.high[i]);
    const std::uint64_t carried = (middle & 0xFFFFFFFF) + (low >> 32);
    std::uint64_t upper = (is_signed_number<Integer> ? middle >> 63 == 0 ? 0 : ~0ULL << 32 : 0);
    upper = (upper | middle >> 32) + (carried >> 32);  // bits 64 and up
    std::uint64_t lower = carried << 32 | (low & 0xFFFFFFFF);
    const bool negative = upper >> 63 != 0;
    if (negative) {
      lower = 0 - lower;
      upper = ~upper + (lower == 0 ? 1 : 0);
    }
    std::uint64_t rest = upper % a.divisor;
    std::uint64_t quotient = 0;
    for (std::uint32_t digit = 0; digit < 2; ++digit) {
      rest = rest << 32 | ((lower >> (32 - 32 * digit)) & 0xFFFFFFFF);
      quotient = quotient << 32 | rest / a.divisor;
      rest %= a.divisor;
    }
    a.out[i] = static_cast<Integer>(negative ? 0 - quotient : quotient);
  }
};

/// out[row * chunks + c] = the reduction of chunk c of the row, without making NaN canonical.
template <class Number>
struct ReduceChunks {
  struct Arguments {
    std::uint64_t rows;
    std::uint64_t length;  ///< elements per row, which lie together
    std::uint64_t chunks;  ///< per row, at least 1
    Reduction op;
    Number neutral;  ///< what lanes begin with
    const Number* x;
    Number* out;
  };
  static constexpr std::uint32_t chunks_per_block = 4;
  static constexpr unsigned threads = chunks_per_block * reduction_lanes;
  template <template <class> class Cell>
  struct Shared {
    Cell<Number> lanes[chunks_per_block][reduction_lanes];
  };
  using Own = Nothing;

  /// The lanes, then a tree of five levels.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments&, At) { return 6; }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, At at, std::uint32_t phase,
                                       Memory& shared, Own&) {
    const std::uint64_t number =
        std::uint64_t{at.x} * chunks_per_block + at.thread / reduction_lanes;
    if (number >= a.rows * a.chunks) return;
    const std::uint32_t lane = at.thread % reduction_lanes;
    auto* lanes = shared.lanes[at.thread / reduction_lanes];
    if (phase == 0) {
      lanes[lane] = sum_lane(a, number, lane);
      return;
    }
    const std::uint32_t width = reduction_lanes >> phase;
    if (lane < width) lanes[lane] = join<Number>(a.op, lanes[lane], lanes[lane + width]);
    if (width == 1 && lane == 0) a.out[number] = lanes[0];
  }

 private:
  ISOTRACE_KERNEL_CODE static Number sum_lane(const Arguments& a, std::uint64_t number,
                                              std::uint32_t lane) {
    const Number* row = a.x + number / a.chunks * a.length;
    const std::uint64_t begin = number % a.chunks * reduction_chunk;
    const std::uint64_t end =
        a.length - begin < reduction_chunk ? a.length : begin + reduction_chunk;
    Number value = a.neutral;
    for (std::uint64_t i = begin + lane; i < end; i += reduction_lanes) {
      value = bring_in(a.op, value, row[i]);
    }
    return value;
  }
};

}  // namespace isotrace::backends::gpu
