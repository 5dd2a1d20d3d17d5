// Sums of windows that are read where they lie; see gemm_kernels_template.hpp for the rules.
#pragma once

#include <isotrace/backends/cpu/integer_kernels.hpp>

namespace isotrace::backends::cpu {

template <class V>
struct InPlaceTiles {
  using Vector = typename V::Vector;
  static constexpr int tile_vectors = 2;
  static constexpr Index tile_columns = tile_vectors * V::width;
  static constexpr Index group = V::group;

  template <int Rows>
  using Sums = Vector[Rows][tile_vectors];

  /// One pointer for three rows: as many as there are registers for.
  template <int Rows>
  [[gnu::always_inline]] static inline void add_run(const std::uint8_t* a, Index stride,
                                                    Index groups, const std::byte* b,
                                                    Sums<Rows>& acc) {
    constexpr int pointers = (Rows + 2) / 3;
    const std::uint8_t* at[pointers];
#pragma GCC unroll 8
    for (int p = 0; p < pointers; ++p) at[p] = a + 3 * p * stride;
    for (Index g = 0; g < groups; ++g, b += tile_columns * group) {
      Vector column[tile_vectors];
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) column[v] = V::load_b(b + v * V::width * group);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
        const Vector row = V::broadcast(at[i / 3] + i % 3 * stride);
#pragma GCC unroll 2
        for (int v = 0; v < tile_vectors; ++v) {
          acc[i][v] = V::multiply_add(acc[i][v], row, column[v]);
        }
      }
#pragma GCC unroll 8
      for (int p = 0; p < pointers; ++p) at[p] += group;
    }
  }

  template <int Rows>
  static void tile_of(const InPlaceTile& t) {
    Sums<Rows> acc;
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) {
        const std::int32_t* from = t.start == nullptr ? t.sums + i * tile_columns : t.start;
        acc[i][v] = V::load(from + v * V::width);
      }
    }
    const std::byte* b = t.b;
    for (Index r = 0; r < t.run_count; ++r) {
      add_run<Rows>(t.a + t.runs[r].offset, t.row_stride, t.runs[r].groups, b, acc);
      b += t.runs[r].groups * tile_columns * group;
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) {
        V::store(V::first(V::width), t.sums + i * tile_columns + v * V::width, acc[i][v]);
      }
    }
  }

  template <int Rows = 1>
  static void tile(const InPlaceTile& t) {
    if (t.rows == Rows) {
      tile_of<Rows>(t);
    } else if constexpr (Rows < V::in_place_rows) {
      tile<Rows + 1>(t);
    }
  }
};

}  // namespace isotrace::backends::cpu
