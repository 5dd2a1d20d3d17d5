// Products with few rows, in the order of product.hpp: what takes time is to read b, once. Every
// thread walks one segment of a vector of columns; a block has 16 segments side by side, whose sums
// meet in shared memory and are added one after the other.
#pragma once

#include <isotrace/backends/gpu/kernels/copy.hpp>
#include <isotrace/backends/gpu/kernels/product.hpp>

namespace isotrace::backends::gpu {

/// Of rows_max rows per block; a thread reads b for `ahead` of k at once.
template <class Numbers, std::uint32_t rows_max, std::uint32_t ahead>
struct SkinnyProduct {
  using Arguments = ProductArguments<Numbers, MatrixColumns>;
  using Element = typename Numbers::Element;
  using Sum = typename Numbers::Sum;
  static constexpr std::uint32_t lanes = 8;
  static constexpr std::uint32_t slots = 16;  ///< segments side by side
  static constexpr unsigned threads = lanes * slots;
  static constexpr std::uint32_t vector = Vector<Element>::count;
  static constexpr std::uint32_t tile_rows = rows_max;
  static constexpr std::uint32_t tile_columns = lanes * vector;
  static constexpr std::uint32_t outputs = rows_max * tile_columns;
  static constexpr std::uint32_t outputs_each = (outputs + threads - 1) / threads;
  static_assert(ahead % vector == 0);

  template <template <class> class Cell>
  struct Shared {
    alignas(16) Cell<Sum> sums[slots][rows_max][tile_columns];
  };
  struct Own {
    Sum totals[outputs_each];
  };

  /// Chains, then their sums, for every 16 segments; split, chains alone.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments& p, At) {
    return p.split != 0 ? 1 : 2 * static_cast<std::uint32_t>((p.segments + slots - 1) / slots);
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, At at, std::uint32_t phase,
                                       Memory& shared, Own& own) {
    const std::uint32_t slot = at.thread / lanes;
    if (p.split != 0) {
      // at.z is one of the groups of segments of a batch.
      const std::int64_t groups = (p.segments + slots - 1) / slots;
      const std::int64_t batch = at.z / groups;
      const std::int64_t segment = at.z % groups * slots + slot;
      if (segment >= p.segments) return;
      Sum sums[rows_max][vector];
      walk(p, at, batch, segment, sums);
      store_parts(p, at, batch * p.segments + segment, sums);
      return;
    }
    const std::int64_t first = std::int64_t{phase / 2} * slots;
    if (phase % 2 != 0) {
      add_up(p, at, first, shared, own);
    } else if (first + slot < p.segments) {
      Sum sums[rows_max][vector];
      walk(p, at, at.z, first + slot, sums);
      lay_down(p, at.thread, sums, shared.sums[slot]);
    }
  }

 private:
  /// Column j of a thread in its tile: neighbours in vectors, or of neighbouring lanes.
  ISOTRACE_KERNEL_CODE static std::uint32_t column_of(const Arguments& p, std::uint32_t thread,
                                                      std::uint32_t j) {
    const std::uint32_t lane = thread % lanes;
    return p.b_layout == Layout::vectors ? lane * vector + j : lane + lanes * j;
  }

  ISOTRACE_KERNEL_CODE static std::uint32_t rows_of(const Arguments& p, At at) {
    const std::int64_t rest = p.rows - std::int64_t{at.y} * rows_max;
    return static_cast<std::uint32_t>(rest < rows_max ? rest : rows_max);
  }

  /// What a thread reads: rows and columns beyond the last are the last again.
  struct Source {
    const Element* a;               ///< of the tile
    std::uint32_t rows;             ///< in it
    const Element* b;               ///< of the tile
    std::uint32_t columns[vector];  ///< in it
  };

  ISOTRACE_KERNEL_CODE static void walk(const Arguments& p, At at, std::int64_t batch,
                                        std::int64_t segment, Sum (&sums)[rows_max][vector]) {
    Source from;
    from.a = p.a + p.a_start(batch) + std::int64_t{at.y} * rows_max * p.a_row_stride;
    from.rows = rows_of(p, at);
    from.b = p.b + p.b_start(batch);
    ISOTRACE_UNROLL(16)
    for (std::uint32_t r = 0; r < rows_max; ++r) {
      ISOTRACE_UNROLL(4)
      for (std::uint32_t j = 0; j < vector; ++j) sums[r][j] = 0;
    }
    const std::int64_t first = std::int64_t{at.x} * tile_columns;
    const auto columns = static_cast<std::uint32_t>(
        p.columns - first < tile_columns ? p.columns - first : tile_columns);
    from.b += first * p.b_columns.column_stride;
    ISOTRACE_UNROLL(4)
    for (std::uint32_t j = 0; j < vector; ++j) {
      const std::uint32_t column = column_of(p, at.thread, j);
      from.columns[j] = column < columns ? column : columns - 1;
    }
    if (p.b_layout == Layout::vectors && from.columns[0] % vector != 0) from.columns[0] = 0;
    const std::int64_t begin = segment * p.segment;
    const std::int64_t end = p.depth - begin < p.segment ? p.depth : begin + p.segment;
    std::int64_t k = begin;
    switch (p.b_layout) {
      case Layout::vectors:
        for (; k + ahead <= end; k += ahead) step<Layout::vectors, ahead>(p, from, k, sums);
        break;
      case Layout::depth_vectors:
        for (; k + ahead <= end; k += ahead) step<Layout::depth_vectors, ahead>(p, from, k, sums);
        break;
      default:
        for (; k + vector <= end; k += vector) step<Layout::elements, vector>(p, from, k, sums);
    }
    for (; k < end; ++k) step<Layout::elements, 1>(p, from, k, sums);
  }

  /// `count` more of k.
  template <Layout layout, std::uint32_t count>
  ISOTRACE_KERNEL_CODE static void step(const Arguments& p, const Source& from, std::int64_t k,
                                        Sum (&sums)[rows_max][vector]) {
    Element b[count][vector];
    if constexpr (layout == Layout::vectors) {
      ISOTRACE_UNROLL(32)
      for (std::uint32_t i = 0; i < count; ++i) {
        const auto read =
            load_vector<Element>(from.b + (k + i) * p.b_columns.depth_stride + from.columns[0]);
        ISOTRACE_UNROLL(4)
        for (std::uint32_t j = 0; j < vector; ++j) b[i][j] = read.at[j];
      }
    } else if constexpr (layout == Layout::depth_vectors) {
      ISOTRACE_UNROLL(4)
      for (std::uint32_t j = 0; j < vector; ++j) {
        ISOTRACE_UNROLL(32)
        for (std::uint32_t i = 0; i < count; i += vector) {
          const auto read =
              load_vector<Element>(from.b + from.columns[j] * p.b_columns.column_stride + k + i);
          ISOTRACE_UNROLL(4)
          for (std::uint32_t e = 0; e < vector; ++e) b[i + e][j] = read.at[e];
        }
      }
    } else {
      ISOTRACE_UNROLL(32)
      for (std::uint32_t i = 0; i < count; ++i) {
        ISOTRACE_UNROLL(4)
        for (std::uint32_t j = 0; j < vector; ++j) {
          b[i][j] = from.b[from.columns[j] * p.b_columns.column_stride +
                           (k + i) * p.b_columns.depth_stride];
        }
      }
    }
    constexpr std::uint32_t together = count < vector ? count : vector;
    ISOTRACE_UNROLL(32)
    for (std::uint32_t i = 0; i < count; i += together) {
      ISOTRACE_UNROLL(16)
      for (std::uint32_t r = 0; r < rows_max; ++r) {
        const Vector<Element> a = read_a<together>(p, from, k + i, r);
        ISOTRACE_UNROLL(4)
        for (std::uint32_t e = 0; e < together; ++e) {
          ISOTRACE_UNROLL(4)
          for (std::uint32_t j = 0; j < vector; ++j) {
            sums[r][j] = Numbers::multiply_add(a.at[e], b[i + e][j], sums[r][j]);
          }
        }
      }
    }
  }

  template <std::uint32_t count>
  ISOTRACE_KERNEL_CODE static Vector<Element> read_a(const Arguments& p, const Source& from,
                                                     std::int64_t k, std::uint32_t r) {
    const Element* a =
        from.a + (r < from.rows ? r : from.rows - 1) * p.a_row_stride + k * p.a_depth_stride;
    // Of segments that begin off a multiple of a vector not even a's rows are in vectors.
    if (count == vector && p.a_layout == Layout::depth_vectors) return load_vector<Element>(a);
    Vector<Element> values{};
    ISOTRACE_UNROLL(4)
    for (std::uint32_t e = 0; e < count; ++e) values.at[e] = a[e * p.a_depth_stride];
    return values;
  }

  template <class Cell>
  ISOTRACE_KERNEL_CODE static void lay_down(const Arguments& p, std::uint32_t thread,
                                            const Sum (&sums)[rows_max][vector],
                                            Cell (&to)[rows_max][tile_columns]) {
    ISOTRACE_UNROLL(16)
    for (std::uint32_t r = 0; r < rows_max; ++r) {
      if (p.b_layout == Layout::vectors) {
        Vector<Sum> values;
        for (std::uint32_t j = 0; j < vector; ++j) values.at[j] = sums[r][j];
        store_vector<true>(&to[r][column_of(p, thread, 0)], values);
      } else {
        for (std::uint32_t j = 0; j < vector; ++j) to[r][column_of(p, thread, j)] = sums[r][j];
      }
    }
  }

  ISOTRACE_KERNEL_CODE static void store_parts(const Arguments& p, At at, std::int64_t matrix,
                                               const Sum (&sums)[rows_max][vector]) {
    ISOTRACE_UNROLL(16)
    for (std::uint32_t r = 0; r < rows_max; ++r) {
      const std::int64_t row = std::int64_t{at.y} * rows_max + r;
      if (row >= p.rows) continue;
      for (std::uint32_t j = 0; j < vector; ++j) {
        const std::int64_t column = std::int64_t{at.x} * tile_columns + column_of(p, at.thread, j);
        if (column < p.columns) p.c[(matrix * p.rows + row) * p.columns + column] = sums[r][j];
      }
    }
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void add_up(const Arguments& p, At at, std::int64_t first,
                                          const Memory& shared, Own& own) {
    const std::int64_t count = p.segments - first < slots ? p.segments - first : slots;
    const bool is_last = first + count == p.segments;
    ISOTRACE_UNROLL(4)
    for (std::uint32_t o = 0; o < outputs_each; ++o) {
      const std::uint32_t output = o * threads + at.thread;
      if (output >= outputs) continue;
      const std::uint32_t r = output / tile_columns;
      Sum total = first == 0 ? shared.sums[0][r][output % tile_columns]
                             : own.totals[o] + shared.sums[0][r][output % tile_columns];
      for (std::uint32_t s = 1; s < count; ++s) {
        total = total + shared.sums[s][r][output % tile_columns];
      }
      own.totals[o] = total;
      const std::int64_t row = std::int64_t{at.y} * rows_max + r;
      const std::int64_t column = std::int64_t{at.x} * tile_columns + output % tile_columns;
      if (!is_last || row >= p.rows || column >= p.columns) continue;
      p.c[(std::int64_t{at.z} * p.rows + row) * p.columns + column] =
          Numbers::finish(p.finish, total, at.z % p.groups, row, column);
    }
  }
};

}  // namespace isotrace::backends::gpu
