// Depthwise windows of 3 x 3 taps over an image that lies in memory as it is: lanes outside the
// image are masked to the +0 of the padding, and multiplied like all others. Written once over a
// vector type V (see gemm_kernels_template.hpp for how such a header may be used).
#pragma once

#include <isotrace/backends/cpu/vector_kernels.hpp>

namespace isotrace::backends::cpu {

template <class V>
struct PlaneSet {
  using Vector = typename V::Vector;
  using Mask = typename V::Mask;
  using Arguments = PlaneProductArguments;
  static constexpr Index width = V::width;
  static constexpr int size = 3;
  // Accumulators beside nine weights and three vectors of the image, in 32 or 16 registers.
  static constexpr int rows_max = width >= 16 ? 8 : 4;

  /// The lanes from `from` on and below `to`, which may both lie outside the vector.
  static Mask between(Index from, Index to) {
    const auto inside = [](Index lane) { return lane < 0 ? 0 : lane < width ? lane : width; };
    return V::both(V::first(inside(to)), V::from(inside(from)));
  }

  /// The three taps of a line for the windows of one vector, all inside the image.
  template <int Stride>
  struct Inside {
    [[gnu::always_inline]] static inline void load(const float* at, Vector (&x)[size]) {
      if constexpr (Stride == 1) {
        for (int tap = 0; tap < size; ++tap) x[tap] = V::load(at + tap);
      } else {
        const Vector low = V::load(at);
        const Vector high = V::load(at + width);
        x[0] = V::even(low, high);
        x[1] = V::odd(low, high);
        x[2] = V::even(V::load(at + 2), V::load(at + 2 + width));
      }
    }
  };

  /// The same where some lie outside; the first tap of the first window is in column `first`.
  template <int Stride>
  struct Edge {
    Edge(const Arguments& t, Index first) {
      for (int i = 0; i < count; ++i) {
        const Index column = first + (Stride == 1 ? i : i % 2 * width + i / 2 * 2);
        masks[i] = between(-column, t.width - column);
      }
    }
    [[gnu::always_inline]] inline void load(const float* at, Vector (&x)[size]) const {
      if constexpr (Stride == 1) {
        for (int tap = 0; tap < size; ++tap) x[tap] = V::load(masks[tap], at + tap);
      } else {
        const Vector low = V::load(masks[0], at);
        const Vector high = V::load(masks[1], at + width);
        x[0] = V::even(low, high);
        x[1] = V::odd(low, high);
        x[2] = V::even(V::load(masks[2], at + 2), V::load(masks[3], at + 2 + width));
      }
    }
    static constexpr int count = Stride == 1 ? 3 : 4;
    Mask masks[count];
  };

  /// The windows of one vector in `Rows` rows: what is read of a line serves all of them.
  template <int Rows, int Stride, class Lanes>
  [[gnu::always_inline]] static inline void run_vector(const Arguments& t,
                                                       const Vector (&weights)[size * size],
                                                       const Lanes& lanes, Index row, Index i) {
    const Index first = i * Stride - t.pad_left;
    Vector acc[Rows];
#pragma GCC unroll 8
    for (Vector& v : acc) v = V::zero();
#pragma GCC unroll 10
    for (int line = 0; line < (Rows - 1) * Stride + size; ++line) {
      const Index y = row * Stride + line - t.pad_top;
      Vector x[size] = {V::zero(), V::zero(), V::zero()};
      if (y >= 0 && y < t.height) lanes.load(t.plane + y * t.width + first, x);
#pragma GCC unroll 3
      for (int tap = 0; tap < size; ++tap) {
#pragma GCC unroll 3
        for (int k = 0; k < size; ++k) {
          const int r = (line - k) / Stride;
          if (line < k || (line - k) % Stride != 0 || r >= Rows) continue;
          acc[r] = V::fma(x[tap], weights[k * size + tap], acc[r]);
        }
      }
    }
    store<Rows>(t, row, i, acc);
  }

  template <int Rows>
  [[gnu::always_inline]] static inline void store(const Arguments& t, Index row, Index i,
                                                  const Vector (&acc)[Rows]) {
    const Vector bias = V::broadcast(t.bias);
    const Vector low = V::broadcast(t.low);
    const Vector high = V::broadcast(t.high);
    const Index end = t.rows * t.columns;
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const Index at = (row + r) * t.columns + i;
      const Vector value = V::add(acc[r], bias);
      const Vector bound = t.bounded ? V::min(high, V::max(value, low)) : value;
      const Vector stored = V::blend(V::unordered(value, value), bound, V::nan());
      // What is stored too much of a row of one vector, the next row overwrites.
      if (i + width <= t.columns || (t.columns < width && at + width <= end)) {
        V::store(t.out + at, stored);
      } else {
        V::store(V::first(t.columns - i < width ? t.columns - i : width), t.out + at, stored);
      }
    }
  }

  /// What all rows of a plane have in common.
  template <int Stride>
  struct Plane {
    explicit Plane(const Arguments& t)
        : last((t.columns - 1) / width * width),
          at_first(t, -t.pad_left),
          at_last(t, last * Stride - t.pad_left) {
#pragma GCC unroll 9
      for (int tap = 0; tap < size * size; ++tap) weights[tap] = V::broadcast(t.weights[tap]);
    }
    Index last;  ///< vector of a row
    Edge<Stride> at_first;
    Edge<Stride> at_last;
    Vector weights[size * size];
  };

  template <int Rows, int Stride>
  static void run_rows(const Arguments& t, const Plane<Stride>& plane, Index row) {
    constexpr Index span = Stride * (width - 1) + size + (Stride == 1 ? 0 : 1);
    Vector weights[size * size];
#pragma GCC unroll 9
    for (int tap = 0; tap < size * size; ++tap) weights[tap] = plane.weights[tap];
    for (Index i = 0; i < t.columns; i += width) {
      const Index first = i * Stride - t.pad_left;
      if (first >= 0 && first + span <= t.width) {
        run_vector<Rows, Stride>(t, weights, Inside<Stride>(), row, i);
      } else {
        const Edge<Stride> edge = i == 0            ? plane.at_first
                                  : i == plane.last ? plane.at_last
                                                    : Edge<Stride>(t, first);
        run_vector<Rows, Stride>(t, weights, edge, row, i);
      }
    }
  }

  /// run_rows<rows>: rows is a template argument so that the accumulators stay in registers.
  template <int Rows, int Stride>
  static void run_some(const Arguments& t, const Plane<Stride>& plane, Index row, Index rows) {
    if constexpr (Rows > 1) {
      if (rows < Rows) return run_some<Rows - 1, Stride>(t, plane, row, rows);
    }
    run_rows<Rows, Stride>(t, plane, row);
  }

  template <int Stride>
  static void run_plane(const Arguments& t) {
    constexpr int most = rows_max / Stride;
    const Plane<Stride> plane(t);
    // Groups of about the same height, so that none is a sliver.
    const Index groups = (t.rows + most - 1) / most;
    for (Index group = 0, row = 0; group < groups; ++group) {
      const Index rows = (t.rows - row + groups - group - 1) / (groups - group);
      run_some<most, Stride>(t, plane, row, rows);
      row += rows;
    }
  }

  static void run(const Arguments& t) { t.stride == 1 ? run_plane<1>(t) : run_plane<2>(t); }
};

}  // namespace isotrace::backends::cpu
