// Rows along one axis, one thread each or one per element: running sums, where the extremes stand,
// the order of the greatest (docs/spec/reduce.md). A tensor is seen as [before][axis][after].
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

/// The rows of a tensor; row r has its element i at row_start(r) + i * inner.
struct Lines {
  std::uint64_t size;   ///< elements of a row
  std::uint64_t inner;  ///< elements after the axis

  ISOTRACE_KERNEL_CODE std::uint64_t start(std::uint64_t row) const {
    return row / inner * size * inner + row % inner;
  }
};

/// out = f of everything before it in its row, and of itself unless `exclusive`.
template <class Number>
struct RunAlong {
  struct Arguments {
    std::uint64_t count;  ///< rows
    Lines lines;
    bool multiplies;  ///< else adds
    bool exclusive;
    bool reverse;
    const Number* x;
    Number* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t row) {
    const std::uint64_t start = a.lines.start(row);
    Number value = static_cast<Number>(a.multiplies ? 1 : 0);
    for (std::uint64_t step = 0; step < a.lines.size; ++step) {
      const std::uint64_t along = a.reverse ? a.lines.size - 1 - step : step;
      const std::uint64_t at = start + along * a.lines.inner;
      const Number with = a.multiplies ? multiply(value, a.x[at]) : add(value, a.x[at]);
      a.out[at] = canonical(a.exclusive ? value : with);
      value = with;
    }
  }
};

/// out[row] = where the greatest or least element stands; of equals the first, or the last.
template <class Number>
struct FindExtreme {
  struct Arguments {
    std::uint64_t count;  ///< rows of at least one element
    Lines lines;
    bool least;
    bool last;
    const Number* x;
    std::int64_t* out;
  };
  ISOTRACE_KERNEL_CODE static bool is_better(const Arguments& a, Number x, Number y) {
    return a.least ? is_greater(y, x) : is_greater(x, y);
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t row) {
    const std::uint64_t start = a.lines.start(row);
    std::uint64_t best = 0;
    Number leader = a.x[start];
    for (std::uint64_t i = 1; i < a.lines.size; ++i) {
      const Number value = a.x[start + i * a.lines.inner];
      if (is_better(a, value, leader) || (a.last && !is_better(a, leader, value))) {
        best = i;
        leader = value;
      }
    }
    a.out[row] = static_cast<std::int64_t>(best);
  }
};

/// The element at position i of a row goes to place p if p elements come before it: the greater (or
/// less) ones, and equal ones with a lower position. out[before][k][after] gets the positions of
/// the first k.
template <class Number>
struct OrderRows {
  struct Arguments {
    std::uint64_t count;  ///< elements
    Lines lines;
    std::uint64_t k;
    bool largest;
    const Number* x;
    std::int64_t* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t element) {
    const std::uint64_t inner = a.lines.inner;
    const std::uint64_t after = element % inner;
    const std::uint64_t i = element / inner % a.lines.size;
    const std::uint64_t before = element / inner / a.lines.size;
    const Number* row = a.x + before * a.lines.size * inner + after;
    const Number value = row[i * inner];
    std::uint64_t place = 0;
    for (std::uint64_t j = 0; j < a.lines.size; ++j) {
      const Number other = row[j * inner];
      const bool above = is_greater(other, value);
      const bool below = is_greater(value, other);
      const bool first = above || below ? (a.largest ? above : below) : j < i;
      if (first) ++place;
    }
    if (place < a.k) a.out[(before * a.k + place) * inner + after] = static_cast<std::int64_t>(i);
  }
};

/// Per position, the squares of neighbouring channels, one rounding each: of channel c those in
/// [c - before, c + behind] that there are.
struct SumNeighbours {
  struct Arguments {
    std::uint64_t count;
    std::int64_t channels;
    std::int64_t plane;  ///< elements per channel
    std::int64_t before;
    std::int64_t behind;
    const float* x;
    float* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::int64_t channel = static_cast<std::int64_t>(i) / a.plane % a.channels;
    const std::int64_t first = channel < a.before ? 0 : channel - a.before;
    const std::int64_t last =
        a.channels - 1 - channel < a.behind ? a.channels - 1 : channel + a.behind;
    const float* x = a.x + (static_cast<std::int64_t>(i) - channel * a.plane);
    float sum = 0;
    for (std::int64_t c = first; c <= last; ++c) {
      sum = multiply_add(x[c * a.plane], x[c * a.plane], sum);
    }
    a.out[i] = sum;
  }
};

}  // namespace isotrace::backends::gpu
