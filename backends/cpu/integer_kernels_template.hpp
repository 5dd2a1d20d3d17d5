// Integer kernels written once over a vector type; see gemm_kernels_template.hpp for the rules.
#pragma once

#include <emmintrin.h>

#include <isotrace/backends/cpu/integer_kernels.hpp>

namespace isotrace::backends::cpu {

template <class V>
struct IntegerKernelSet {
  using Vector = typename V::Vector;
  static constexpr Index width = V::width;
  static constexpr Index group = V::group;
  static constexpr Index tile_rows = V::tile_rows;
  static constexpr int tile_vectors = 2;
  static constexpr Index tile_columns = tile_vectors * width;
  static constexpr Index groups_ahead = 16;  // groups of a fetched early
  static constexpr int rows_few = 2;

  static Index least(Index a, Index b) { return a < b ? a : b; }

  template <int Rows>
  using Sums = Vector[Rows][tile_vectors];

  /// Adds one group of k.
  template <int Rows>
  [[gnu::always_inline]] static inline void add_group(const std::byte* a, const std::byte* b,
                                                      Sums<Rows>& acc) {
    Vector column[tile_vectors];
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) column[v] = V::load_b(b + v * width * group);
    // Few rows wait for b alone, which processors fetch early by themselves.
    if constexpr (Rows > rows_few) V::prefetch(a + groups_ahead * tile_rows * 4);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const Vector row = V::broadcast(a + i * 4);
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) {
        acc[i][v] = V::multiply_add(acc[i][v], row, column[v]);
      }
    }
  }

  /// Adds the products of the tile. Few rows have too few sums to keep the processor busy, so they
  /// have two each, for every other group.
  template <int Rows>
  [[gnu::always_inline]] static inline void add_products(const IntegerTile& t, Sums<Rows>& acc) {
    constexpr Index a_bytes = tile_rows * 4;
    constexpr Index b_bytes = tile_columns * group;
    const std::byte* a = t.a;
    const std::byte* b = t.b;
    Index g = 0;
    if constexpr (Rows <= rows_few) {
      Sums<Rows> odd;
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
        for (int v = 0; v < tile_vectors; ++v) odd[i][v] = V::zero();
      }
      for (; g + 2 <= t.groups; g += 2, a += 2 * a_bytes, b += 2 * b_bytes) {
        add_group<Rows>(a, b, acc);
        add_group<Rows>(a + a_bytes, b + b_bytes, odd);
      }
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
        for (int v = 0; v < tile_vectors; ++v) acc[i][v] = V::add(acc[i][v], odd[i][v]);
      }
    }
    for (; g < t.groups; ++g, a += a_bytes, b += b_bytes) add_group<Rows>(a, b, acc);
  }

  template <int Rows>
  static void tile_of(const IntegerTile& t) {
    typename V::Mask masks[tile_vectors];
    for (int v = 0; v < tile_vectors; ++v) {
      masks[v] = V::first(least(width, t.columns > v * width ? t.columns - v * width : 0));
    }
    // Every loop over accumulators is unrolled, or they would live in memory.
    Sums<Rows> acc;
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) {
        acc[i][v] = t.so_far == nullptr
                        ? V::zero()
                        : V::load(masks[v], t.so_far + i * t.so_far_stride + v * width);
        // The stores at the end find their lines in the cache.
        V::prefetch(t.c + i * t.c_stride + v * width);
      }
    }
    for (Index at = 0; at < t.soon_bytes; at += 64) V::prefetch_far(t.soon + at);
    add_products<Rows>(t, acc);
    if (t.last) correct<Rows>(t, acc);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) {
        V::store(masks[v], t.c + i * t.c_stride + v * width, acc[i][v]);
      }
    }
  }

  template <int Rows>
  [[gnu::always_inline]] static inline void correct(const IntegerTile& t, Sums<Rows>& acc) {
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) {
      const Vector term = V::load(t.b_term + v * width);
      const Vector zero = V::load(t.b_zero + v * width);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
        acc[i][v] = V::subtract(acc[i][v], V::multiply(V::broadcast(t.a_zero + i), term));
        if (t.a_sum == nullptr) continue;
        acc[i][v] = V::subtract(acc[i][v], V::multiply(V::broadcast(t.a_sum + i), zero));
      }
    }
  }

  template <int Rows = 1>
  static void tile(const IntegerTile& t) {
    if (t.rows == Rows) {
      tile_of<Rows>(t);
    } else if constexpr (Rows < tile_rows) {
      tile<Rows + 1>(t);
    }
  }

  /// One group of k of one vector as 4 bytes of a packed row, as V::load_groups gives four of them.
  static void pack_group_of_a(const IntegerPack& p, const std::uint8_t* from, Index k,
                              std::byte* to) {
    for (Index q = 0; q < 4; ++q) to[q] = std::byte{0};
    for (Index q = 0; q < group && k + q < p.depth; ++q) {
      to[q * (4 / group)] = static_cast<std::byte>(from[(k + q) * p.depth_stride] ^ p.flip);
    }
  }

  /// Four vectors, contiguous in k, into four lanes of a panel; returns the first k left over.
  static Index pack_four_of_a(const IntegerPack& p, const std::uint8_t* from, std::byte* to) {
    const __m128i flip = _mm_set1_epi8(static_cast<char>(p.flip));
    Index k = 0;
    for (; k + 4 * group <= p.depth; k += 4 * group) {
      const __m128i r0 = V::load_groups(from + k, flip);
      const __m128i r1 = V::load_groups(from + p.lane_stride + k, flip);
      const __m128i r2 = V::load_groups(from + 2 * p.lane_stride + k, flip);
      const __m128i r3 = V::load_groups(from + 3 * p.lane_stride + k, flip);
      const __m128i low01 = _mm_unpacklo_epi32(r0, r1);
      const __m128i low23 = _mm_unpacklo_epi32(r2, r3);
      const __m128i high01 = _mm_unpackhi_epi32(r0, r1);
      const __m128i high23 = _mm_unpackhi_epi32(r2, r3);
      std::byte* at = to + k / group * tile_rows * 4;
      store16(at, _mm_unpacklo_epi64(low01, low23));
      store16(at + tile_rows * 4, _mm_unpackhi_epi64(low01, low23));
      store16(at + 2 * tile_rows * 4, _mm_unpacklo_epi64(high01, high23));
      store16(at + 3 * tile_rows * 4, _mm_unpackhi_epi64(high01, high23));
    }
    return k;
  }

  static void store16(std::byte* to, __m128i value) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
  }

  static void pack_a(const IntegerPack& p) {
    const Index groups = (p.depth + group - 1) / group;
    for (Index from = 0; from < p.count; from += tile_rows) {
      std::byte* panel = p.packed + from * groups * 4;
      for (Index lane = 0; lane < tile_rows;) {
        const std::uint8_t* source = p.source + (from + lane) * p.lane_stride;
        const bool four =
            lane + 4 <= tile_rows && from + lane + 4 <= p.count && p.depth_stride == 1;
        const Index done = four ? pack_four_of_a(p, source, panel + lane * 4) : 0;
        const Index lanes = four ? 4 : 1;
        for (Index l = lane; l < lane + lanes; ++l) {
          for (Index k = done; k < groups * group; k += group) {
            const bool inside = from + l < p.count;
            const std::uint8_t* vector = inside ? source + (l - lane) * p.lane_stride : nullptr;
            std::byte* to = panel + (k / group * tile_rows + l) * 4;
            if (inside) {
              pack_group_of_a(p, vector, k, to);
            } else {
              for (Index q = 0; q < 4; ++q) to[q] = std::byte{0};
            }
          }
        }
        lane += lanes;
      }
      sum_rows(panel, groups, p.sums + from);
    }
  }

  static void sum_rows(const std::byte* panel, Index groups, std::int32_t* sums) {
    static_assert(tile_rows <= width);
    const auto lanes = V::first(tile_rows);
    Vector sum = V::zero();
    for (Index g = 0; g < groups; ++g) {
      const auto* row = reinterpret_cast<const std::int32_t*>(panel + g * tile_rows * 4);
      sum = V::multiply_add(sum, V::load(lanes, row), V::ones());
    }
    V::store(lanes, sums, sum);
  }

  /// Two sums for each vector: one alone would wait for itself.
  static void sum_columns(const std::byte* panel, Index groups, std::int32_t* sums) {
    constexpr Index bytes = tile_columns * group;
    Vector sum[2][tile_vectors] = {{V::zero(), V::zero()}, {V::zero(), V::zero()}};
    for (Index g = 0; g < groups; ++g) {
#pragma GCC unroll 2
      for (Index v = 0; v < tile_vectors; ++v) {
        const Vector column = V::load_b(panel + g * bytes + v * width * group);
        sum[0][v] = V::multiply_add(sum[0][v], V::ones(), column);
      }
      if (++g == groups) break;
#pragma GCC unroll 2
      for (Index v = 0; v < tile_vectors; ++v) {
        const Vector column = V::load_b(panel + g * bytes + v * width * group);
        sum[1][v] = V::multiply_add(sum[1][v], V::ones(), column);
      }
    }
    for (Index v = 0; v < tile_vectors; ++v) {
      V::store(V::first(width), sums + v * width, V::add(sum[0][v], sum[1][v]));
    }
  }

  /// One group of k of every column of a panel, whatever the strides.
  static void pack_group_of_b(const IntegerPack& p, Index from, Index k, std::byte* to) {
    for (Index lane = 0; lane < tile_columns; ++lane) {
      for (Index q = 0; q < group; ++q) {
        const bool inside = from + lane < p.count && k + q < p.depth;
        const std::uint8_t* at =
            p.source + (from + lane) * p.lane_stride + (k + q) * p.depth_stride;
        to[lane * group + q] = inside ? static_cast<std::byte>(*at ^ p.flip) : std::byte{0};
      }
    }
  }

  static void pack_b(const IntegerPack& p) {
    const Index groups = (p.depth + group - 1) / group;
    for (Index from = 0; from < p.count; from += tile_columns) {
      std::byte* panel = p.packed + from * groups * group;
      const bool lines = p.lane_stride == 1 && from + tile_columns <= p.count;
      for (Index g = 0; g < groups; ++g) {
        std::byte* to = panel + g * tile_columns * group;
        if (!lines || (g + 1) * group > p.depth) {
          pack_group_of_b(p, from, g * group, to);
          continue;
        }
        const std::uint8_t* line[group];
        for (Index q = 0; q < group; ++q) {
          line[q] = p.source + from + (g * group + q) * p.depth_stride;
        }
        V::interleave(line, p.flip, to);
      }
      sum_columns(panel, groups, p.sums + from);
    }
  }

  static void pack_lines(const IntegerLines& p) {
    const std::uint8_t* line[group];
    std::byte* to = p.packed;
    Index k = 0;
    for (; k + group <= p.depth; k += group, to += tile_columns * group) {
      for (Index q = 0; q < group; ++q) line[q] = p.data + p.offsets[k + q];
      V::interleave(line, p.flip, to);
    }
    if (k < p.depth) {
      for (Index i = 0; i < tile_columns * group; ++i) {
        const Index at = k + i % group;
        to[i] = at < p.depth ? static_cast<std::byte>(p.data[p.offsets[at] + i / group] ^ p.flip)
                             : std::byte{0};
      }
    }
    sum_columns(p.packed, (p.depth + group - 1) / group, p.sums);
  }

  static void windows(const ByteWindows& w) {
    const __m128i flip = _mm_set1_epi8(static_cast<char>(w.flip));
    const Vector start = V::broadcast(&w.start);
    for (Index at = 0; at < w.count; at += width) {
      Vector sum = start;
      for (Index t = 0; t < w.taps; t += 2) {
        const Vector pairs =
            V::load_pairs(w.data + w.offsets[t] + at, w.data + w.offsets[t + 1] + at, flip);
        sum = V::add(sum, V::multiply_pairs(pairs, V::broadcast(w.weights + t)));
      }
      V::store(V::first(width), w.sums + at, sum);
    }
  }

  static constexpr IntegerKernels table{
      V::name,  tile_rows,        tile_columns,     group,       4,
      &tile<1>, &pack_a,          &pack_b,          &pack_lines, &windows,
      V::lines, V::in_place_rows, V::tile_in_place, &V::ternary};
};

}  // namespace isotrace::backends::cpu
