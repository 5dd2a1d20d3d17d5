// Interpolation along any number of axes (docs/spec/vision.md, "taps"): per axis a few taps with
// weights, and the sum over them nested, the last axis innermost.
#pragma once

#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// Per axis a, position p along it has the taps [first[rows[a] + p], first[rows[a] + p + 1]).
template <class Number>
struct Interpolate {
  struct Arguments {
    std::uint64_t count;
    const Number* x;
    Number* out;
    const std::int64_t* first;
    const std::int64_t* offsets;  ///< of a tap in x
    const Number* weights;
    std::uint32_t rank;
    std::uint64_t sizes[space_rank_max];
    std::uint64_t rows[space_rank_max];
  };

  /// t = w v for the first tap of an axis, t = fma(w, v, t) for the others; no taps give +0.
  struct Sum {
    std::int64_t base;
    std::int64_t tap;
    std::int64_t end;
    bool begun;
    Number t;

    ISOTRACE_KERNEL_CODE void begin(const Arguments& a, std::uint64_t row, std::int64_t from) {
      base = from;
      tap = a.first[row];
      end = a.first[row + 1];
      begun = false;
      t = 0;
    }
    ISOTRACE_KERNEL_CODE void take(const Arguments& a, Number v) {
      const Number weight = a.weights[tap++];
      t = begun ? multiply_add(weight, v, t) : weight * v;
      begun = true;
    }
  };

  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    std::uint64_t rows[space_rank_max];
    std::uint64_t index = i;
    for (std::uint32_t axis = a.rank; axis-- > 0;) {
      rows[axis] = a.rows[axis] + index % a.sizes[axis];
      index /= a.sizes[axis];
    }
    Sum sums[space_rank_max];
    std::uint32_t axis = 0;
    sums[0].begin(a, rows[0], 0);
    while (true) {
      Sum& sum = sums[axis];
      if (sum.tap == sum.end) {
        if (axis == 0) break;
        --axis;
        sums[axis].take(a, sum.t);
      } else if (axis + 1 == a.rank) {
        sum.take(a, a.x[sum.base + a.offsets[sum.tap]]);
      } else {
        ++axis;
        sums[axis].begin(a, rows[axis], sum.base + a.offsets[sum.tap]);
      }
    }
    a.out[i] = canonical(sums[0].t);
  }
};

}  // namespace isotrace::backends::gpu
