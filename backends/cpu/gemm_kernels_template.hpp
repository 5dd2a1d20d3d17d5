// Kernels written once over a vector type. Included only by the files of one instruction set each;
// V is a type of that file's anonymous namespace, so every instantiation stays inside it. Standard
// library templates are avoided here for the same reason (see gemm_kernels.hpp).
#pragma once

#include <xmmintrin.h>

#include <isotrace/backends/cpu/gemm_kernels.hpp>

namespace isotrace::backends::cpu {

template <class V>
struct KernelSet {
  using Vector = typename V::Vector;
  using Mask = typename V::Mask;
  static constexpr Index width = V::width;
  static constexpr Index tile_rows = V::tile_rows;
  static constexpr int tile_vectors = V::tile_vectors;
  static constexpr Index tile_columns = tile_vectors * width;
  static constexpr Index pack_panels = 8;
  static constexpr Index rows_together = 4;  // rows read side by side while a panel is written
  static constexpr Index rows_ahead = 4;     // rows of b fetched early while a tile packs them
  static constexpr Index rows_far = 32;      // and brought nearer

  static Index least(Index a, Index b) { return a < b ? a : b; }
  /// The lanes of the vector at column `from` that lie below `columns`.
  static Mask mask_at(Index from, Index columns) {
    return V::first(least(width, columns > from ? columns - from : 0));
  }

  /// Loads and stores of one tile's vectors: all lanes, or those below `columns`.
  struct Whole {
    explicit Whole(Index) {}
    static Vector load(int, const float* from) { return V::load(from); }
    static void store(int, float* to, Vector value) { V::store(to, value); }
  };
  struct Edge {
    explicit Edge(Index columns) {
      for (int v = 0; v < tile_vectors; ++v) masks[v] = mask_at(v * width, columns);
    }
    [[nodiscard]] Vector load(int v, const float* from) const { return V::load(masks[v], from); }
    void store(int v, float* to, Vector value) const { V::store(masks[v], to, value); }
    Mask masks[tile_vectors];
  };

  /// Functions of their own, since compilers have registers for the sums of few variants only.
  template <int Rows, int Vectors>
  [[gnu::noinline]] static void edge_of(const TileArguments& t) {
    tile_of<Rows, Vectors, Edge>(t);
  }

  /// Of a panel that is not full only the vectors that have columns are computed.
  template <int Rows>
  static void tile_of(const TileArguments& t) {
    if (t.columns == tile_columns) {
      tile_of<Rows, tile_vectors, Whole>(t);
    } else if (t.columns <= width) {
      edge_of<Rows, 1>(t);
    } else {
      edge_of<Rows, tile_vectors>(t);
    }
  }

  // Every loop over accumulators is unrolled, or they would live in memory.
  template <int Rows, int Vectors, class Lanes>
  [[gnu::always_inline]] static inline void tile_of(const TileArguments& arguments) {
    const TileArguments t = arguments;  // no store can change it
    const Lanes lanes(t.columns);
    Vector acc[Rows][Vectors];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        acc[i][v] = t.chain == nullptr ? V::zero()
                                       : lanes.load(v, t.chain + i * t.chain_stride + v * width);
      }
    }
    if (t.packed_b != nullptr) {
      t.a_row_stride != 1 ? multiply_rows<Rows, Vectors, true, true>(t, acc)
                          : multiply_rows<Rows, Vectors, true, false>(t, acc);
    } else {
      t.a_row_stride != 1 ? multiply_rows<Rows, Vectors, false, true>(t, acc)
                          : multiply_rows<Rows, Vectors, false, false>(t, acc);
    }
    if (t.sum != nullptr) {
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) {
          acc[i][v] = V::add(lanes.load(v, t.sum + i * t.sum_stride + v * width), acc[i][v]);
        }
      }
    }
    if (t.end != nullptr) end_tile<Rows, Vectors>(*t.end, lanes, acc);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        lanes.store(v, t.out + i * t.out_stride + v * width, acc[i][v]);
      }
    }
  }

  template <int Rows, int Vectors, class Lanes>
  [[gnu::always_inline]] static inline void end_tile(const TileEnd& end, const Lanes& lanes,
                                                     Vector (&acc)[Rows][Vectors]) {
    for (const TileEnd::Step* step = end.steps; step != end.steps + end.count; ++step) {
      if (step->kind == TileEnd::normalise) {
        normalise_rows<Rows, Vectors>(*step, acc);
      } else {
        add_rows<Rows, Vectors>(*step, lanes, acc);
      }
    }
    const Vector low = V::broadcast(end.bounded ? end.low : 0.0F);
    const Vector high = V::broadcast(end.bounded ? end.high : 0.0F);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        const Vector value = acc[i][v];
        acc[i][v] = V::canonical(value, end.bounded ? V::bound(value, low, high) : value);
      }
    }
  }

  /// A matrix that will be added, or else what is stored to.
  [[gnu::always_inline]] static inline TileEnd::Step find_addend(const TileArguments& t) {
    for (int i = 0; t.end != nullptr && i < t.end->count; ++i) {
      const TileEnd::Step& step = t.end->steps[i];
      if (step.kind == TileEnd::add && step.column_stride == 1) return step;
    }
    TileEnd::Step none{};
    none.data = t.written;
    return none;
  }

  template <int Rows, int Vectors, class Lanes>
  [[gnu::always_inline]] static inline void add_rows(const TileEnd::Step& step, const Lanes& lanes,
                                                     Vector (&acc)[Rows][Vectors]) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const float* addend = step.data + i * step.row_stride;
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        const Vector term =
            step.column_stride == 0 ? V::broadcast(*addend) : lanes.load(v, addend + v * width);
        acc[i][v] = V::add(acc[i][v], term);
      }
    }
  }

  template <int Rows, int Vectors>
  [[gnu::always_inline]] static inline void normalise_rows(const TileEnd::Step& step,
                                                           Vector (&acc)[Rows][Vectors]) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const Vector mean = V::broadcast(step.data[i]);
      const Vector r = V::broadcast(step.r[i]);
      const Vector scale = V::broadcast(step.scale[i]);
      const Vector bias = V::broadcast(step.bias[i]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        acc[i][v] = V::fma(V::multiply(V::subtract(acc[i][v], mean), r), scale, bias);
      }
    }
  }

  /// Where the rows of a continue: the kernel walks along pointers to every third of rows that lie
  /// apart, so that registers hold all addresses.
  template <int Rows, bool Apart>
  struct RowsOfA {
    static constexpr int together = Apart ? 3 : Rows;
    static constexpr int count = (Rows + together - 1) / together;

    explicit RowsOfA(const TileArguments& t)
        : row_stride(t.a_row_stride), depth_stride(Apart ? 1 : t.a_depth_stride) {
#pragma GCC unroll 4
      for (int i = 0; i < count; ++i) at[i] = t.a + i * together * row_stride;
    }
    [[gnu::always_inline]] float get(int i) const {
      return at[i / together][i % together * (Apart ? row_stride : 1)];
    }
    [[gnu::always_inline]] void advance() {
#pragma GCC unroll 4
      for (int i = 0; i < count; ++i) at[i] += depth_stride;
    }

    const float* at[count];
    Index row_stride;
    Index depth_stride;
  };

  template <int Rows, int Vectors, bool Packs, bool Apart>
  [[gnu::always_inline]] static inline void multiply_rows(const TileArguments& t,
                                                          Vector (&acc)[Rows][Vectors]) {
    RowsOfA<Rows, Apart> a(t);
    const float* b = t.b;
    float* packed = t.packed_b;
    const Index b_stride = t.b_stride;
    const float* soon = t.soon;
    const Index soon_stride = t.soon_stride;
    const float* written = t.written;
    const Index written_every = 1 + t.depth / (Rows + 1);
    const TileEnd::Step addend = find_addend(t);
    const float* term = addend.data;
    for (Index from = 0; from < t.depth; from += written_every) {
      // Fetches are spread over the tile: many at once would keep others waiting.
      for (Index line = 0; line < tile_columns; line += 16) {
        V::prefetch_write(written + line);
        V::prefetch(term + line);
      }
      written += t.written_stride;
      term += addend.row_stride;
      for (Index left = least(written_every, t.depth - from); left != 0; --left) {
        Vector column[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) column[v] = V::load(b + v * width);
        if constexpr (Packs) {
#pragma GCC unroll 4
          for (int v = 0; v < Vectors; ++v) V::store(packed + v * width, column[v]);
          // Rows of b lie pages apart: no prefetcher of the processor follows them.
          for (Index line = 0; line < tile_columns; line += 16) {
            V::prefetch(b + rows_ahead * b_stride + line);
            V::prefetch_far(b + rows_far * b_stride + line);
          }
          // Unless rows of b begin at lines, a panel ends in one more.
          V::prefetch_far(b + rows_far * b_stride + tile_columns - 1);
          packed += tile_columns;
        } else {
          for (Index line = 0; line < tile_columns; line += 16) V::prefetch_far(soon + line);
          soon += soon_stride;
        }
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
          const Vector row = V::broadcast(a.get(i));
#pragma GCC unroll 4
          for (int v = 0; v < Vectors; ++v) acc[i][v] = V::fma(row, column[v], acc[i][v]);
        }
        a.advance();
        b += b_stride;
      }
    }
  }

  /// tile_of<rows>: rows is a template argument so that the accumulators stay in registers.
  template <int Rows = 1>
  static void tile(const TileArguments& t) {
    if (t.rows == Rows) {
      tile_of<Rows>(t);
    } else if constexpr (Rows < tile_rows) {
      tile<Rows + 1>(t);
    }
  }

  // Rows of b that are read side by side, some cache lines of each. One row of a waits for memory
  // alone: with four lines at a time the processor's own prefetchers follow all rows of b, faster
  // than fetches. With one line, which is what registers leave to more rows of a, they do not, and
  // as many rows are fetched early as are read.
  static constexpr int stream_lines = 8;
  static constexpr Index stream_columns = 16;
  template <int Rows>
  static constexpr int stream_groups = Rows == 1 ? 4 : 1;

  /// Adds `Depth` values of k to the chains of some groups of columns.
  template <int Rows, int Depth, int Groups, class Lanes>
  [[gnu::always_inline]] static inline void stream_step(const StreamArguments& s, Index k, Index j,
                                                        const Lanes& lanes) {
    constexpr int stream_vectors = Groups * (16 / width);
    Vector acc[Rows][stream_vectors];
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < stream_vectors; ++v) {
        acc[i][v] = k == 0 && s.starts ? V::zero()
                                       : lanes.load(v, s.out + i * s.out_stride + j + v * width);
      }
    }
#pragma GCC unroll 8
    for (int q = 0; q < Depth; ++q) {
      Vector column[stream_vectors];
#pragma GCC unroll 8
      for (int v = 0; v < stream_vectors; ++v) {
        const float* from = s.b + (k + q) * s.b_stride + j + v * width;
        column[v] = lanes.load(v, from);
        if constexpr (stream_groups<Rows> == 1) V::prefetch_far(from + stream_lines * s.b_stride);
      }
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        const Vector row = V::broadcast(s.a[i * s.a_row_stride + (k + q) * s.a_depth_stride]);
#pragma GCC unroll 8
        for (int v = 0; v < stream_vectors; ++v) acc[i][v] = V::fma(row, column[v], acc[i][v]);
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < stream_vectors; ++v) {
        lanes.store(v, s.out + i * s.out_stride + j + v * width, acc[i][v]);
      }
    }
  }

  template <int Rows, int Depth>
  static void stream_rows_of_b(const StreamArguments& s, Index k) {
    constexpr int groups = stream_groups<Rows>;
    Index j = 0;
    for (; j + groups * stream_columns <= s.columns; j += groups * stream_columns) {
      stream_step<Rows, Depth, groups>(s, k, j, Whole(stream_columns));
    }
    for (; j + stream_columns <= s.columns; j += stream_columns) {
      stream_step<Rows, Depth, 1>(s, k, j, Whole(stream_columns));
    }
    if (j < s.columns) stream_step<Rows, Depth, 1>(s, k, j, Edge(s.columns - j));
  }

  template <int Rows>
  static void stream_of(const StreamArguments& s) {
    Index k = 0;
    for (; k + stream_lines <= s.depth; k += stream_lines) {
      stream_rows_of_b<Rows, stream_lines>(s, k);
    }
    for (; k < s.depth; ++k) stream_rows_of_b<Rows, 1>(s, k);
  }

  template <int Rows = 1>
  static void stream(const StreamArguments& s) {
    if (s.rows == Rows) {
      stream_of<Rows>(s);
    } else if constexpr (Rows < V::stream_rows) {
      stream<Rows + 1>(s);
    }
  }

  /// Vectors lie side by side in the source: its rows are read over several panels at a time, as
  /// far as the prefetchers like, and dealt out.
  static void pack_rows(const PackArguments& p) {
    const Index whole = p.count / p.width;
    for (Index from = 0; from < whole; from += pack_panels) {
      const Index panels = least(pack_panels, whole - from);
      for (Index k = 0; k < p.depth; k += rows_together) {
        for (Index panel = from; panel < from + panels; ++panel) {
          pack_rows_of_panel(p, panel * p.width, k, least(rows_together, p.depth - k));
        }
      }
    }
    const Index rest = p.count - whole * p.width;
    if (rest == 0) return;
    for (Index k = 0; k < p.depth; ++k) {
      float* packed = p.packed + (whole * p.depth + k) * p.width;
      copy(p.source + whole * p.width + k * p.depth_stride, rest, packed);
      for (Index lane = rest; lane < p.width; ++lane) packed[lane] = 0.0F;
    }
  }

  static void pack_rows_of_panel(const PackArguments& p, Index from, Index k, Index rows) {
    const float* source = p.source + from + k * p.depth_stride;
    float* packed = p.packed + from * p.depth + k * p.width;
    for (Index r = 0; r < rows; ++r) {
      for (Index line = 0; line < p.width; line += 16) {
        V::prefetch(source + rows_together * p.depth_stride + line);
      }
      copy(source, p.width, packed);
      source += p.depth_stride;
      packed += p.width;
    }
  }

  static void copy(const float* from, Index count, float* to) {
    Index i = 0;
    for (; i + width <= count; i += width) V::store(to + i, V::load(from + i));
    for (; i + 4 <= count; i += 4) _mm_storeu_ps(to + i, _mm_loadu_ps(from + i));
    for (; i < count; ++i) to[i] = from[i];
  }

  /// Four vectors, contiguous in the source, become four lanes of a panel: 4 x 4 transpositions.
  static void pack_four(const PackArguments& p, const float* s, float* to) {
    const Index stride = p.lane_stride;
    Index k = 0;
    for (; k + 4 <= p.depth; k += 4) {
      // The four vectors after these are other streams than the prefetchers follow.
      if (k % 16 == 0) {
        for (Index r = 4; r < 8; ++r) V::prefetch(s + r * stride + k);
      }
      __m128 r0 = _mm_loadu_ps(s + k);
      __m128 r1 = _mm_loadu_ps(s + stride + k);
      __m128 r2 = _mm_loadu_ps(s + 2 * stride + k);
      __m128 r3 = _mm_loadu_ps(s + 3 * stride + k);
      _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
      _mm_storeu_ps(to + k * p.width, r0);
      _mm_storeu_ps(to + (k + 1) * p.width, r1);
      _mm_storeu_ps(to + (k + 2) * p.width, r2);
      _mm_storeu_ps(to + (k + 3) * p.width, r3);
    }
    for (; k < p.depth; ++k) {
      for (Index r = 0; r < 4; ++r) to[k * p.width + r] = s[r * stride + k];
    }
  }

  static void pack_transposed(const PackArguments& p) {
    for (Index from = 0; from < p.count; from += p.width) {
      const float* source = p.source + from * p.lane_stride;
      float* packed = p.packed + from * p.depth;
      const Index count = least(p.width, p.count - from);
      Index lane = 0;
      for (; lane + 4 <= count; lane += 4) {
        pack_four(p, source + lane * p.lane_stride, packed + lane);
      }
      if (lane < count && count >= 4) {  // the last four, some of them once more
        pack_four(p, source + (count - 4) * p.lane_stride, packed + count - 4);
        lane = count;
      }
      for (; lane < p.width; ++lane) {
        pack_lane(p, lane < count ? source + lane * p.lane_stride : nullptr, packed + lane);
      }
    }
  }

  /// One vector, or +0 where there is none.
  static void pack_lane(const PackArguments& p, const float* source, float* packed) {
    for (Index k = 0; k < p.depth; ++k) {
      packed[k * p.width] = source == nullptr ? 0.0F : source[k * p.depth_stride];
    }
  }

  static void pack(const PackArguments& p) {
    if (p.lane_stride == 1) {
      pack_rows(p);
    } else {
      pack_transposed(p);
    }
  }

  static void finish(const Finish& f, float* c, Index c_stride, Index rows, Index columns) {
    const Vector alpha = V::broadcast(f.alpha);
    const Vector beta = V::broadcast(f.beta);
    for (Index i = 0; i < rows; ++i) {
      float* row = c + i * c_stride;
      const float* addend = f.addend == nullptr ? nullptr : f.addend + i * f.addend_row_stride;
      for (Index j = 0; j < columns; j += width) {
        // Masked loads would wait until the tile's stores have left for the cache.
        const bool whole = j + width <= columns;
        const Mask mask = mask_at(j, columns);
        Vector value = whole ? V::load(row + j) : V::load(mask, row + j);
        // Multiplying by 1 is the identity, so it may be left out.
        if (f.alpha != 1.0F) value = V::multiply(value, alpha);
        if (addend != nullptr) {
          Vector term = f.addend_column_stride == 0 ? V::broadcast(*addend)
                        : whole                     ? V::load(addend + j)
                                                    : V::load(mask, addend + j);
          if (f.beta != 1.0F) term = V::multiply(term, beta);
          value = V::add(value, term);
        }
        value = V::canonical(value, value);
        whole ? V::store(row + j, value) : V::store(mask, row + j, value);
      }
    }
  }

  static void end(const TileEnd& end, float* c, Index c_stride, Index rows, Index columns) {
    const Vector low = V::broadcast(end.bounded ? end.low : 0.0F);
    const Vector high = V::broadcast(end.bounded ? end.high : 0.0F);
    for (Index i = 0; i < rows; ++i) {
      float* row = c + i * c_stride;
      for (Index j = 0; j < columns; j += width) {
        const Mask mask = mask_at(j, columns);
        Vector value = V::load(mask, row + j);
        for (const TileEnd::Step* step = end.steps; step != end.steps + end.count; ++step) {
          value = end_step(*step, i, j, mask, value);
        }
        V::store(mask, row + j,
                 V::canonical(value, end.bounded ? V::bound(value, low, high) : value));
      }
    }
  }

  [[gnu::always_inline]] static inline Vector end_step(const TileEnd::Step& step, Index i, Index j,
                                                       Mask mask, Vector value) {
    if (step.kind == TileEnd::normalise) {
      const Vector centred = V::subtract(value, V::broadcast(step.data[i]));
      return V::fma(V::multiply(centred, V::broadcast(step.r[i])), V::broadcast(step.scale[i]),
                    V::broadcast(step.bias[i]));
    }
    const float* addend = step.data + i * step.row_stride;
    return V::add(value,
                  step.column_stride == 0 ? V::broadcast(*addend) : V::load(mask, addend + j));
  }

  static void accumulate(float* c, const float* t, Index count) {
    for (Index j = 0; j < count; j += width) {
      const Mask mask = mask_at(j, count);
      V::store(mask, c + j, V::add(V::load(mask, c + j), V::load(mask, t + j)));
    }
  }

  static constexpr Kernels table{tile_rows, tile_columns, V::stream_rows, &tile<1>,   &stream<1>,
                                 &pack,     &end,         &finish,        &accumulate};
};

}  // namespace isotrace::backends::cpu
