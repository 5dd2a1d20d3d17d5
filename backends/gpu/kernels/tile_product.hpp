// Products of matrices of f32 and f64 whose tiles fill a device, in the order of product.hpp.
//
// Every thread keeps 64 or 32 sums in registers. While the block multiplies a step, the next one is
// copied to shared memory past the registers. Factors lie there by k, so that a thread reads what
// it multiplies in vectors of 16 bytes, without two lanes in one bank: the lanes of a warp are 4 by
// 8, neighbours in pairs, so that each vector of a is read by lanes that differ in bit 1 and each
// of b by lanes that differ in bit 0.
#pragma once

#include <isotrace/backends/gpu/kernels/copy.hpp>
#include <isotrace/backends/gpu/kernels/product.hpp>

namespace isotrace::backends::gpu {

/// What a block takes of one factor: `tile` of its lines (rows of a, columns of b), `depth` of k.
template <class Element, std::uint32_t tile, std::uint32_t depth, std::uint32_t threads>
struct Panel {
  static constexpr std::uint32_t vector = Vector<Element>::count;
  /// A vector more than the tile: copies along k go to other banks.
  static constexpr std::uint32_t width = tile + vector;
  static_assert(tile * depth % (vector * threads) == 0 && depth % 8 == 0);

  Layout layout;
  const Element* from;  ///< line 0 at k = 0
  std::int64_t count;   ///< lines
  std::int64_t stride;  ///< from line to line
  std::int64_t depth_stride;
  std::int64_t first;  ///< line of the tile
  Element beyond;      ///< a factor without effect, for k from `end` on

  /// Lines beyond the last are the last again: what comes of them is not stored.
  template <class Cell>
  ISOTRACE_KERNEL_CODE void start(Cell (&to)[depth][width], std::uint32_t thread, std::int64_t k,
                                  std::int64_t end) const {
    if (end - k >= depth && count - first >= tile) {
      start_part<true>(to, thread, k, depth);
    } else {
      start_part<false>(to, thread, k, end - k < depth ? end - k : depth);
    }
  }

 private:
  /// `rest` of k are before `end`. `whole`: all of them, and all lines of the tile there.
  template <bool whole, class Cell>
  ISOTRACE_KERNEL_CODE void start_part(Cell (&to)[depth][width], std::uint32_t thread,
                                       std::int64_t k, std::int64_t rest) const {
    switch (layout) {
      case Layout::vectors: return start_lines<whole, vector>(to, thread, k, rest);
      case Layout::elements: return start_lines<whole, 1>(to, thread, k, rest);
      default: return start_depth<whole>(to, thread, k, rest);
    }
  }

  /// The threads side by side along the lines, `each` of them in one copy.
  template <bool whole, std::uint32_t each, class Cell>
  ISOTRACE_KERNEL_CODE void start_lines(Cell (&to)[depth][width], std::uint32_t thread,
                                        std::int64_t k, std::int64_t rest) const {
    constexpr std::uint32_t across = tile / each;
    constexpr std::uint32_t down = threads / across;
    static_assert(threads % across == 0 && depth % down == 0);
    const std::uint32_t line = thread % across * each;
    std::uint32_t at = thread / across;
    const std::int64_t place = first + line < count ? first + line : count - each;
    const Element* source = from + (k + at) * depth_stride + place * stride;
    ISOTRACE_UNROLL(16)
    for (std::uint32_t pass = 0; pass < depth / down; ++pass) {
      if (whole || at < rest) {
        start_copy<each>(&to[at][line], source);
      } else {
        for (std::uint32_t i = 0; i < each; ++i) to[at][line + i] = beyond;
      }
      at += down;
      source += down * depth_stride;
    }
  }

  /// Eight of k, which are whole sectors, of four lines per warp; then the eight behind them.
  template <bool whole, class Cell>
  ISOTRACE_KERNEL_CODE void start_depth(Cell (&to)[depth][width], std::uint32_t thread,
                                        std::int64_t k, std::int64_t rest) const {
    constexpr std::uint32_t down = threads / 8;
    static_assert(tile % down == 0 && depth == 16);
    std::uint32_t line = thread / 8;
    const std::uint32_t at = thread % 8;
    const std::int64_t last = count - 1 - first;  // in the tile
    const Element* source = from + (first + (line < last ? line : last)) * stride + k + at;
    ISOTRACE_UNROLL(16)
    for (std::uint32_t pass = 0; pass < tile / down; ++pass) {
      ISOTRACE_UNROLL(2)
      for (std::uint32_t behind = 0; behind < depth; behind += 8) {
        if (whole || at + behind < rest) {
          start_copy<1>(&to[at + behind][line], source + behind);
        } else {
          to[at + behind][line] = beyond;
        }
      }
      line += down;
      if (whole || line <= last) source += down * stride;
    }
  }
};

template <class Numbers, std::uint32_t row_warps, std::uint32_t column_warps,
          std::uint32_t rows_each, std::uint32_t columns_each, unsigned resident>
struct TileProduct {
  using Arguments = ProductArguments<Numbers, MatrixColumns>;
  using Element = typename Numbers::Element;
  using Sum = typename Numbers::Sum;
  static constexpr std::uint32_t row_lanes = 4;
  static constexpr std::uint32_t column_lanes = 8;
  static constexpr unsigned threads = 32 * row_warps * column_warps;
  /// Blocks that share a multiprocessor, which bounds the registers of a thread.
  static constexpr unsigned resident_blocks = resident;
  static constexpr std::uint32_t tile_rows = row_warps * row_lanes * rows_each;
  static constexpr std::uint32_t tile_columns = column_warps * column_lanes * columns_each;
  static constexpr std::uint32_t depth = 16;
  static constexpr std::uint32_t vector = Vector<Element>::count;
  static_assert(rows_each % vector == 0 && columns_each % vector == 0);
  /// Where registers are left for them; else they wait in c for the next segment.
  static constexpr bool keeps_totals = rows_each * columns_each * sizeof(Sum) <= 128;
  using RowPanel = Panel<Element, tile_rows, depth, threads>;
  using ColumnPanel = Panel<Element, tile_columns, depth, threads>;

  template <template <class> class Cell>
  struct Shared {
    alignas(16) Cell<Element> a[2][depth][RowPanel::width];
    alignas(16) Cell<Element> b[2][depth][ColumnPanel::width];
  };
  struct Own {
    Sum sums[rows_each][columns_each];
    Sum totals[keeps_totals ? rows_each : 1][keeps_totals ? columns_each : 1];
    std::int64_t next;           ///< k of the step to copy next
    std::int64_t segment_begin;  ///< and of its segment
  };

  /// Step p is copied in phase p and multiplied in phase p + 1.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments& p, At at) {
    const ProductPart part = p.part(at);
    const std::int64_t longest = p.segment < p.depth ? p.segment : p.depth;
    const std::int64_t before = (part.last - part.first - 1) * steps(longest);
    const std::int64_t begin = (part.last - 1) * p.segment;
    return static_cast<std::uint32_t>(
               before + steps(p.depth - begin < longest ? p.depth - begin : longest)) +
           1;
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, At at, std::uint32_t phase,
                                       Memory& shared, Own& own) {
    if (phase == 0) begin(p, at, own);
    const bool closes = own.next == own.segment_begin;
    const bool is_last = phase != 0 && closes && own.next == end_of_part(p, at);
    if (!is_last) start_step(p, at, phase % 2, shared, own);
    if (phase != 0) {
      multiply(shared, (phase - 1) % 2, at.thread, own);
      if (closes) close_segment(p, at, phase, is_last, own);
    }
    finish_copies();
  }

 private:
  ISOTRACE_KERNEL_CODE static std::int64_t steps(std::int64_t length) {
    return length == 0 ? 1 : (length + depth - 1) / depth;
  }

  ISOTRACE_KERNEL_CODE static void begin(const Arguments& p, At at, Own& own) {
    own.next = p.part(at).first * p.segment;
    own.segment_begin = own.next;
    clear(own);
  }
  ISOTRACE_KERNEL_CODE static std::int64_t end_of_segment(const Arguments& p, std::int64_t begin) {
    return p.depth - begin < p.segment ? p.depth : begin + p.segment;
  }
  ISOTRACE_KERNEL_CODE static std::int64_t end_of_part(const Arguments& p, At at) {
    return end_of_segment(p, (p.part(at).last - 1) * p.segment);
  }
  ISOTRACE_KERNEL_CODE static void clear(Own& own) {
    for (auto& row : own.sums) {
      for (Sum& sum : row) sum = 0;
    }
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void start_step(const Arguments& p, At at, std::uint32_t buffer,
                                              Memory& shared, Own& own) {
    const std::int64_t batch = p.part(at).batch;
    const RowPanel rows = {p.a_layout,     p.a + p.a_start(batch), p.rows,
                           p.a_row_stride, p.a_depth_stride,       std::int64_t{at.y} * tile_rows,
                           Numbers::no_a};
    const ColumnPanel columns = {p.b_layout,
                                 p.b + p.b_start(batch),
                                 p.columns,
                                 p.b_columns.column_stride,
                                 p.b_columns.depth_stride,
                                 std::int64_t{at.x} * tile_columns,
                                 Numbers::no_b};
    const std::int64_t end = end_of_segment(p, own.segment_begin);
    rows.start(shared.a[buffer], at.thread, own.next, end);
    columns.start(shared.b[buffer], at.thread, own.next, end);
    own.next += depth;
    if (own.next >= end) own.next = own.segment_begin = end;
  }

  /// Of the rows and columns of a thread, number i in its tile.
  ISOTRACE_KERNEL_CODE static std::uint32_t row_of(std::uint32_t thread, std::uint32_t i) {
    const std::uint32_t lane = thread % 32;
    return thread / 32 / column_warps * row_lanes * rows_each + i / vector * row_lanes * vector +
           (lane % 2 + lane / 16 * 2) * vector + i % vector;
  }
  ISOTRACE_KERNEL_CODE static std::uint32_t column_of(std::uint32_t thread, std::uint32_t j) {
    return thread / 32 % column_warps * column_lanes * columns_each +
           j / vector * column_lanes * vector + thread / 2 % 8 * vector + j % vector;
  }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void multiply(const Memory& shared, std::uint32_t buffer,
                                            std::uint32_t thread, Own& own) {
    const auto* a_lines = &shared.a[buffer][0][row_of(thread, 0)];
    const auto* b_lines = &shared.b[buffer][0][column_of(thread, 0)];
    ISOTRACE_UNROLL(32)
    for (std::uint32_t k = 0; k < depth; ++k) {
      Vector<Element> a[rows_each / vector];
      Vector<Element> b[columns_each / vector];
      ISOTRACE_UNROLL(4)
      for (std::uint32_t i = 0; i < rows_each / vector; ++i) {
        a[i] = load_vector<Element>(a_lines + k * RowPanel::width + i * row_lanes * vector);
      }
      ISOTRACE_UNROLL(4)
      for (std::uint32_t j = 0; j < columns_each / vector; ++j) {
        b[j] = load_vector<Element>(b_lines + k * ColumnPanel::width + j * column_lanes * vector);
      }
      ISOTRACE_UNROLL(32)
      for (std::uint32_t i = 0; i < rows_each; ++i) {
        ISOTRACE_UNROLL(32)
        for (std::uint32_t j = 0; j < columns_each; ++j) {
          own.sums[i][j] = Numbers::multiply_add(a[i / vector].at[i % vector],
                                                 b[j / vector].at[j % vector], own.sums[i][j]);
        }
      }
    }
  }

  /// Adds the chains of a segment to the sums of those before it.
  ISOTRACE_KERNEL_CODE static void close_segment(const Arguments& p, At at, std::uint32_t phase,
                                                 bool is_last, Own& own) {
    const bool has_totals = phase > steps(p.segment < p.depth ? p.segment : p.depth);
    if constexpr (keeps_totals) {
      ISOTRACE_UNROLL(32)
      for (std::uint32_t i = 0; i < rows_each; ++i) {
        ISOTRACE_UNROLL(32)
        for (std::uint32_t j = 0; j < columns_each; ++j) {
          own.totals[i][j] = has_totals ? own.totals[i][j] + own.sums[i][j] : own.sums[i][j];
        }
      }
      if (is_last) store(p, at, false, true, own.totals);
    } else {
      store(p, at, has_totals, is_last, own.sums);
    }
    clear(own);
  }

  /// To c; `adds` to what lies there.
  template <class Sums>
  ISOTRACE_KERNEL_CODE static void store(const Arguments& p, At at, bool adds, bool is_last,
                                         const Sums& sums) {
    const ProductPart part = p.part(at);
    const std::int64_t matrix = p.split != 0 ? at.z : part.batch;
    ISOTRACE_UNROLL(32)
    for (std::uint32_t i = 0; i < rows_each; ++i) {
      const std::int64_t row = std::int64_t{at.y} * tile_rows + row_of(at.thread, i);
      if (row >= p.rows) continue;
      Sum* line = p.c + (matrix * p.rows + row) * p.columns;
      ISOTRACE_UNROLL(4)
      for (std::uint32_t j = 0; j < columns_each; j += vector) {
        const std::int64_t column = std::int64_t{at.x} * tile_columns + column_of(at.thread, j);
        if (column >= p.columns) continue;
        const auto rest =
            static_cast<std::uint32_t>(p.columns - column < vector ? p.columns - column : vector);
        Vector<Sum> values;
        for (std::uint32_t e = 0; e < vector; ++e) values.at[e] = sums[i][j + e];
        if (adds) {
          const Vector<Sum> before = read_line(line + column, rest, p.c_vectors != 0);
          for (std::uint32_t e = 0; e < vector; ++e) values.at[e] = before.at[e] + values.at[e];
        }
        if (is_last && p.split == 0) {
          for (std::uint32_t e = 0; e < vector; ++e) {
            if (e < rest) {
              values.at[e] =
                  Numbers::finish(p.finish, values.at[e], part.batch % p.groups, row, column + e);
            }
          }
        }
        write_line(line + column, values, rest, p.c_vectors != 0);
      }
    }
  }

  /// A vector, or the first `rest` elements of one.
  ISOTRACE_KERNEL_CODE static Vector<Sum> read_line(const Sum* from, std::uint32_t rest,
                                                    bool is_vector) {
    if (is_vector) return load_vector<Sum>(from);
    Vector<Sum> values{};
    for (std::uint32_t e = 0; e < vector; ++e) {
      if (e < rest) values.at[e] = from[e];
    }
    return values;
  }
  ISOTRACE_KERNEL_CODE static void write_line(Sum* to, const Vector<Sum>& values,
                                              std::uint32_t rest, bool is_vector) {
    if (is_vector) {
      store_vector<false>(to, values);
      return;
    }
    for (std::uint32_t e = 0; e < vector; ++e) {
      if (e < rest) to[e] = values.at[e];
    }
  }
};

/// For results that fill the device, and for those that do so in smaller tiles.
template <class Numbers>
using LargeTileProduct = TileProduct<Numbers, 4, 2, 8, 8, 2>;
template <class Numbers>
using MediumTileProduct = TileProduct<Numbers, 2, 2, 8, 4, 3>;

}  // namespace isotrace::backends::gpu
