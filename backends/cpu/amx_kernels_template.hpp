// Integer kernels on a matrix unit with tiles (Intel AMX), written over the unit, so that packing,
// tails and layout can be tested on a model of it where no processor has one. See
// gemm_kernels_template.hpp for the rules. A Unit has
//   configure(const TileConfiguration&), release()
//   zero<T>(), load<T>(bytes, stride), store<T>(bytes, stride)   tile T: 16 rows of 64 bytes
//   multiply_add<C, A, B>()   C[i][j] += sum over q < 64 of u8 A[i][q] * i8 B[q / 4][4 j + q % 4]
#pragma once

#include <isotrace/backends/cpu/integer_kernels.hpp>

namespace isotrace::backends::cpu {

/// The 64 bytes that the instruction ldtilecfg reads (palette 1).
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64);

template <class Unit>
struct AmxKernelSet {
  static constexpr Index tile_rows = 32;
  static constexpr Index tile_columns = 32;
  static constexpr Index group = 64;
  static constexpr Index half = 16;  // rows or columns of one tile
  static constexpr Index row_group = tile_rows * group;
  static constexpr Index column_group = tile_columns * group;
  static constexpr Index quad = tile_columns * 4;  // four values of k of all columns

  using Sums = std::int32_t[tile_rows][tile_columns];

  /// Four tiles of sums, 0 to 3; two of rows, 4 and 5; two of columns, 6 and 7. Those that are only
  /// for rows or columns beyond the half are left out where there are none.
  template <bool LowRows, bool RightColumns>
  static void multiply(const IntegerTile& t, Sums& sums) {
    static constexpr TileConfiguration configuration;
    Unit::configure(configuration);
    Unit::template zero<0>();
    if constexpr (RightColumns) Unit::template zero<1>();
    if constexpr (LowRows) Unit::template zero<2>();
    if constexpr (LowRows && RightColumns) Unit::template zero<3>();
    const std::byte* a = t.a;
    const std::byte* b = t.b;
    for (Index g = 0; g < t.groups; ++g, a += row_group, b += column_group) {
      Unit::template load<4>(a, group);
      Unit::template load<6>(b, quad);
      Unit::template multiply_add<0, 4, 6>();
      if constexpr (RightColumns) {
        Unit::template load<7>(b + half * 4, quad);
        Unit::template multiply_add<1, 4, 7>();
      }
      if constexpr (LowRows) {
        Unit::template load<5>(a + half * group, group);
        Unit::template multiply_add<2, 5, 6>();
      }
      if constexpr (LowRows && RightColumns) Unit::template multiply_add<3, 5, 7>();
    }
    Unit::template store<0>(&sums[0][0], sizeof sums[0]);
    if constexpr (RightColumns) Unit::template store<1>(&sums[0][half], sizeof sums[0]);
    if constexpr (LowRows) Unit::template store<2>(&sums[half][0], sizeof sums[0]);
    if constexpr (LowRows && RightColumns)
      Unit::template store<3>(&sums[half][half], sizeof sums[0]);
    Unit::release();
  }

  static void tile(const IntegerTile& t) {
    alignas(64) Sums sums;
    const bool low = t.rows > half;
    const bool right = t.columns > half;
    if (low) {
      right ? multiply<true, true>(t, sums) : multiply<true, false>(t, sums);
    } else {
      right ? multiply<false, true>(t, sums) : multiply<false, false>(t, sums);
    }
    for (Index i = 0; i < t.rows; ++i) finish_row(t, i, sums[i]);
  }

  /// What kernels on vectors do with their accumulators; modulo 2^32.
  static void finish_row(const IntegerTile& t, Index i, const std::int32_t* sums) {
    std::int32_t* c = t.c + i * t.c_stride;
    const std::int32_t* so_far = t.so_far == nullptr ? nullptr : t.so_far + i * t.so_far_stride;
    const auto wrap = [](std::int32_t value) { return static_cast<std::uint32_t>(value); };
    const std::uint32_t a_zero = t.last ? wrap(t.a_zero[i]) : 0;
    const std::uint32_t a_sum = t.last && t.a_sum != nullptr ? wrap(t.a_sum[i]) : 0;
    for (Index j = 0; j < t.columns; ++j) {
      std::uint32_t sum = wrap(sums[j]) + (so_far == nullptr ? 0 : wrap(so_far[j]));
      if (t.last) sum -= a_zero * wrap(t.b_term[j]) + a_sum * wrap(t.b_zero[j]);
      c[j] = static_cast<std::int32_t>(sum);
    }
  }

  static std::uint8_t byte_at(const IntegerPack& p, Index vector, Index k) {
    if (vector >= p.count || k >= p.depth) return 0;
    return p.source[vector * p.lane_stride + k * p.depth_stride] ^ p.flip;
  }

  /// Panels [groups][tile_rows][64 of k].
  static void pack_a(const IntegerPack& p) {
    const Index groups = (p.depth + group - 1) / group;
    auto* to = reinterpret_cast<std::uint8_t*>(p.packed);
    for (Index from = 0; from < p.count; from += tile_rows) {
      for (Index i = 0; i < tile_rows; ++i) p.sums[from + i] = 0;
      for (Index k = 0; k < groups * group; k += group) {
        for (Index i = 0; i < tile_rows; ++i, to += group) {
          const bool whole = from + i < p.count && k + group <= p.depth && p.depth_stride == 1;
          const std::uint8_t* source = p.source + (from + i) * p.lane_stride + k;
          std::int32_t sum = 0;
          for (Index q = 0; q < group; ++q) {
            to[q] =
                whole ? static_cast<std::uint8_t>(source[q] ^ p.flip) : byte_at(p, from + i, k + q);
            sum += to[q];
          }
          p.sums[from + i] += sum;
        }
      }
    }
  }

  /// Panels [groups][16][tile_columns][4 of k].
  static void pack_b(const IntegerPack& p) {
    const Index groups = (p.depth + group - 1) / group;
    auto* to = reinterpret_cast<std::uint8_t*>(p.packed);
    for (Index from = 0; from < p.count; from += tile_columns) {
      for (Index j = 0; j < tile_columns; ++j) p.sums[from + j] = 0;
      for (Index k = 0; k < groups * group; k += 4, to += quad) {
        const bool whole = from + tile_columns <= p.count && k + 4 <= p.depth && p.lane_stride == 1;
        const std::uint8_t* source = p.source + from + k * p.depth_stride;
        for (Index j = 0; j < tile_columns; ++j) {
          std::int32_t sum = 0;
          for (Index q = 0; q < 4; ++q) {
            const std::uint8_t byte =
                whole ? static_cast<std::uint8_t>(source[q * p.depth_stride + j] ^ p.flip)
                      : byte_at(p, from + j, k + q);
            to[j * 4 + q] = byte;
            sum += static_cast<std::int8_t>(byte);
          }
          p.sums[from + j] += sum;
        }
      }
    }
  }

  /// Whether the unit gives exact sums: a product that uses every tile, all signs of bytes and
  /// several groups, beside plain arithmetic.
  static bool computes_exactly() {
    constexpr Index depth = 3 * group - 5;
    static std::uint8_t a[tile_rows * depth];
    static std::uint8_t b[depth * tile_columns];
    alignas(64) static std::byte packed_a[3 * row_group];
    alignas(64) static std::byte packed_b[3 * column_group];
    static std::int32_t a_sums[tile_rows];
    static std::int32_t b_sums[tile_columns];
    std::uint32_t state = 1;
    const auto draw = [&state] {
      state = state * 1664525 + 1013904223;
      const std::uint32_t high = state >> 24;
      // Extremes often: that is where saturation shows.
      return static_cast<std::uint8_t>(high % 3 == 0 ? (high & 64) != 0 ? 255 : 127 : high);
    };
    for (std::uint8_t& byte : a) byte = draw();
    for (std::uint8_t& byte : b) byte = draw();
    pack_a({a, depth, 1, tile_rows, depth, 0, packed_a, a_sums});
    pack_b({b, 1, tile_columns, tile_columns, depth, 0, packed_b, b_sums});
    static std::int32_t c[tile_rows * tile_columns];
    IntegerTile t{};
    t.rows = tile_rows;
    t.columns = tile_columns;
    t.groups = 3;
    t.a = packed_a;
    t.b = packed_b;
    t.c = c;
    t.c_stride = tile_columns;
    tile(t);
    for (Index i = 0; i < tile_rows; ++i) {
      for (Index j = 0; j < tile_columns; ++j) {
        std::int32_t sum = 0;
        for (Index k = 0; k < depth; ++k) {
          sum += a[i * depth + k] * static_cast<std::int8_t>(b[k * tile_columns + j]);
        }
        if (sum != c[i * tile_columns + j]) return false;
      }
    }
    return true;
  }

  /// The same bytes as pack_b; columns beyond the first panel do not matter.
  static void pack_lines(const IntegerLines& p) {
    auto* to = reinterpret_cast<std::uint8_t*>(p.packed);
    const Index groups = (p.depth + group - 1) / group;
    for (Index j = 0; j < tile_columns; ++j) p.sums[j] = 0;
    for (Index k = 0; k < groups * group; k += 4, to += quad) {
      for (Index q = 0; q < 4; ++q) {
        const bool inside = k + q < p.depth;
        const std::uint8_t* line = inside ? p.data + p.offsets[k + q] : nullptr;
        for (Index j = 0; j < tile_columns; ++j) {
          const auto byte = static_cast<std::uint8_t>(inside ? line[j] ^ p.flip : 0);
          to[j * 4 + q] = byte;
          p.sums[j] += static_cast<std::int8_t>(byte);
        }
      }
    }
  }

  /// What gains nothing from tiles comes from a set for vectors.
  static constexpr IntegerKernels make(const IntegerKernels& vectors) {
    return {"AMX",   tile_rows,   tile_columns,    group,         group, &tile,   &pack_a,
            &pack_b, &pack_lines, vectors.windows, vectors.lines, 0,     nullptr, vectors.ternary};
  }
};

}  // namespace isotrace::backends::cpu
