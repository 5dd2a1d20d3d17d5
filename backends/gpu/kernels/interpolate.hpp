// Interpolation along any number of axes (docs/spec/vision.md, "taps"): per axis a few taps with
// weights, and the sum over them nested, the last axis innermost.
#pragma once

#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// Rows of taps: row r has the taps [first[r], first[r + 1]).
template <class Number>
struct TapRows {
  const Number* x;
  const std::int64_t* first;
  const std::int64_t* offsets;  ///< of a tap in x
  const Number* weights;
  std::uint32_t rank;  ///< axes, at least 1
};

/// The sum over the taps of one axis: t = w v for the first, t = fma(w, v, t) for the others; no
/// taps give +0.
template <class Number>
struct AxisSum {
  std::int64_t base;
  std::int64_t tap;
  std::int64_t end;
  bool begun;
  Number t;

  ISOTRACE_KERNEL_CODE void begin(const TapRows<Number>& taps, std::uint64_t row,
                                  std::int64_t from) {
    base = from;
    tap = taps.first[row];
    end = taps.first[row + 1];
    begun = false;
    t = 0;
  }
  ISOTRACE_KERNEL_CODE void take(const TapRows<Number>& taps, Number v) {
    const Number weight = taps.weights[tap++];
    t = begun ? multiply_add(weight, v, t) : weight * v;
    begun = true;
  }
};

/// With one row per axis, from the element at `base` on.
template <class Number>
ISOTRACE_KERNEL_CODE Number sum_taps(const TapRows<Number>& taps,
                                     const std::uint64_t (&rows)[space_rank_max],
                                     std::int64_t base) {
  AxisSum<Number> sums[space_rank_max];
  std::uint32_t axis = 0;
  sums[0].begin(taps, rows[0], base);
  while (true) {
    AxisSum<Number>& sum = sums[axis];
    if (sum.tap == sum.end) {
      if (axis == 0) return canonical(sum.t);
      --axis;
      sums[axis].take(taps, sum.t);
    } else if (axis + 1 == taps.rank) {
      sum.take(taps, taps.x[sum.base + taps.offsets[sum.tap]]);
    } else {
      ++axis;
      sums[axis].begin(taps, rows[axis], sum.base + taps.offsets[sum.tap]);
    }
  }
}

/// Position p along axis a has row rows[a] + p.
template <class Number>
struct Interpolate {
  struct Arguments {
    std::uint64_t count;
    TapRows<Number> taps;
    Number* out;
    std::uint64_t sizes[space_rank_max];
    std::uint64_t rows[space_rank_max];
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    std::uint64_t rows[space_rank_max];
    std::uint64_t index = i;
    for (std::uint32_t axis = a.taps.rank; axis-- > 0;) {
      rows[axis] = a.rows[axis] + index % a.sizes[axis];
      index /= a.sizes[axis];
    }
    a.out[i] = sum_taps(a.taps, rows, 0);
  }
};

/// out[image][channel][point]: point p of an image has `rank` rows, the same for all channels.
template <class Number>
struct InterpolatePoints {
  struct Arguments {
    std::uint64_t count;
    TapRows<Number> taps;
    Number* out;
    std::uint64_t channels;
    std::uint64_t points;  ///< per image
    std::uint64_t plane;   ///< elements of x per channel
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint64_t channel = i / a.points;
    const std::uint64_t point = channel / a.channels * a.points + i % a.points;
    std::uint64_t rows[space_rank_max];
    for (std::uint32_t axis = 0; axis < a.taps.rank; ++axis) {
      rows[axis] = point * a.taps.rank + axis;
    }
    a.out[i] = sum_taps(a.taps, rows, static_cast<std::int64_t>(channel * a.plane));
  }
};

}  // namespace isotrace::backends::gpu
