// The array kernels written once over a vector type V (see gemm_kernels_template.hpp for how such a
// header may be used: V lies in an anonymous namespace, and no standard templates).
#pragma once

#include <isotrace/backends/cpu/plane_kernels_template.hpp>

namespace isotrace::backends::cpu {

template <class V>
struct VectorSet {
  using Vector = typename V::Vector;
  using Mask = typename V::Mask;
  static constexpr Index width = V::width;
  static constexpr Index lanes = 32;  // of R
  static constexpr int lane_vectors = lanes / width;

  static Vector maximum(Vector a, Vector b) {
    // Equal numbers have equal bits but for the zeros, whose signs are anded: +0 wins.
    const Vector ordered = V::blend(V::equal(a, b), V::max(a, b), V::bit_and(a, b));
    return V::blend(V::unordered(a, b), ordered, V::nan());
  }
  static Vector minimum(Vector a, Vector b) {
    const Vector ordered = V::blend(V::equal(a, b), V::min(a, b), V::bit_or(a, b));
    return V::blend(V::unordered(a, b), ordered, V::nan());
  }
  static Vector canonical(Vector x) { return V::blend(V::unordered(x, x), x, V::nan()); }

  struct Add {
    static Vector of(Vector a, Vector b) { return V::add(a, b); }
  };
  struct Sub {
    static Vector of(Vector a, Vector b) { return V::sub(a, b); }
  };
  struct Mul {
    static Vector of(Vector a, Vector b) { return V::mul(a, b); }
  };
  struct Div {
    static Vector of(Vector a, Vector b) { return V::div(a, b); }
  };
  struct Max {
    static Vector of(Vector a, Vector b) { return maximum(a, b); }
  };
  struct Min {
    static Vector of(Vector a, Vector b) { return minimum(a, b); }
  };

  /// What one operand of a row is made of: the same number, or elements.
  template <bool Fixed>
  struct Operand {
    explicit Operand(const float* from) : from_(from) {
      if constexpr (Fixed) number_ = V::broadcast(*from);
    }
    [[nodiscard]] Vector at(Index i) const {
      if constexpr (Fixed) return number_;
      return V::load(from_ + i);
    }
    [[nodiscard]] Vector at(Index i, Mask mask) const {
      if constexpr (Fixed) return number_;
      return V::load(mask, from_ + i);
    }
    const float* from_;
    Vector number_;
  };

  template <class F, bool AFixed, bool BFixed>
  static void binary_rows(const BinaryArguments& t) {
    const Index whole = t.count / width * width;
    const Mask mask = V::first(t.count - whole);
    for (Index row = 0; row < t.rows; ++row) {
      const Operand<AFixed> a(t.a + row * t.a_row);
      const Operand<BFixed> b(t.b + row * t.b_row);
      float* out = t.out + row * t.out_row;
      for (Index i = 0; i < whole; i += width) {
        V::store(out + i, canonical(F::of(a.at(i), b.at(i))));
      }
      if (whole == t.count) continue;
      V::store(mask, out + whole, canonical(F::of(a.at(whole, mask), b.at(whole, mask))));
    }
  }

  template <class F>
  static void binary(const BinaryArguments& t) {
    if (t.a_fixed) {
      t.b_fixed ? binary_rows<F, true, true>(t) : binary_rows<F, true, false>(t);
    } else {
      t.b_fixed ? binary_rows<F, false, true>(t) : binary_rows<F, false, false>(t);
    }
  }

  struct Neg {
    static Vector of(Vector x, Vector, Vector) { return V::bit_xor(x, V::broadcast(-0.0F)); }
  };
  struct Abs {
    static Vector of(Vector x, Vector, Vector) { return V::magnitude(x); }
  };
  struct Reciprocal {
    static Vector of(Vector x, Vector, Vector) { return V::div(V::broadcast(1.0F), x); }
  };
  struct Sqrt {
    static Vector of(Vector x, Vector, Vector) { return V::sqrt(x); }
  };
  struct Floor {
    static Vector of(Vector x, Vector, Vector) { return V::floor(x); }
  };
  struct Ceil {
    static Vector of(Vector x, Vector, Vector) { return V::ceil(x); }
  };
  struct Relu {
    // The instruction returns x for a NaN and for the zeros; -0 + 0 is +0.
    static Vector of(Vector x, Vector, Vector) { return V::add(V::max(V::zero(), x), V::zero()); }
  };
  struct LeakyRelu {
    static Vector of(Vector x, Vector slope, Vector) {
      return V::blend(V::below(x, V::zero()), x, V::mul(slope, x));
    }
  };
  struct Clip {
    static Vector of(Vector x, Vector low, Vector high) { return minimum(maximum(x, low), high); }
  };
  /// The same where neither bound is NaN or -0: the instructions return their second operand where
  /// one is NaN or both are zeros.
  struct PlainClip {
    static Vector of(Vector x, Vector low, Vector high) {
      return V::blend(V::unordered(x, x), V::min(high, V::max(x, low)), V::nan());
    }
  };
  struct HardSigmoid {
    static Vector of(Vector x, Vector alpha, Vector beta) {
      const Vector line = V::add(V::mul(alpha, x), beta);
      return maximum(V::zero(), minimum(V::broadcast(1.0F), line));
    }
  };
  struct Softsign {
    static Vector of(Vector x, Vector, Vector) {
      return V::div(x, V::add(V::broadcast(1.0F), V::magnitude(x)));
    }
  };

  /// out[i] = f(x[i]) with the canonical NaN, in every row.
  template <class Arguments, class F>
  [[gnu::always_inline]] static inline void map_row(const Arguments& t, Index row, F f) {
    const float* x = t.x + row * t.x_row;
    float* out = t.out + row * t.out_row;
    const Index whole = t.count / width * width;
    for (Index i = 0; i < whole; i += width) V::store(out + i, canonical(f(V::load(x + i))));
    if (whole == t.count) return;
    const Mask mask = V::first(t.count - whole);
    V::store(mask, out + whole, canonical(f(V::load(mask, x + whole))));
  }

  template <class F>
  static void unary(const UnaryArguments& t) {
    const Vector first = V::broadcast(t.first);
    const Vector second = V::broadcast(t.second);
    for (Index row = 0; row < t.rows; ++row) {
      map_row(
          t, row, [&](Vector x) __attribute__((always_inline)) { return F::of(x, first, second); });
    }
  }

  static void clip(const UnaryArguments& t) {
    const auto is_plain = [](float bound) {
      return bound == bound && (bound != 0 || !__builtin_signbit(bound));
    };
    is_plain(t.first) && is_plain(t.second) ? unary<PlainClip>(t) : unary<Clip>(t);
  }

  static void select(const SelectArguments& t) {
    const Vector a = V::broadcast(t.a_fixed ? *t.a : 0.0F);
    const Vector b = V::broadcast(t.b_fixed ? *t.b : 0.0F);
    Index i = 0;
    for (; i + width <= t.count; i += width) {
      const Mask which = t.condition_fixed ? V::first(*t.condition != 0 ? width : 0)
                                           : V::conditions(t.condition + i);
      const Vector x = t.a_fixed ? a : V::load(t.a + i);
      const Vector y = t.b_fixed ? b : V::load(t.b + i);
      V::store(t.out + i, V::blend(which, y, x));
    }
    for (; i < t.count; ++i) {
      const bool which = t.condition[t.condition_fixed ? 0 : i] != 0;
      t.out[i] = which ? t.a[t.a_fixed ? 0 : i] : t.b[t.b_fixed ? 0 : i];
    }
  }

  static void normalise(const NormaliseArguments& t) {
    for (Index row = 0; row < t.rows; ++row) {
      const Vector mean = V::broadcast(t.mean[row]);
      const Vector r = V::broadcast(t.r[row]);
      const Vector scale = V::broadcast(t.scale[row]);
      const Vector bias = V::broadcast(t.bias[row]);
      map_row(
          t, row, [&](Vector x) __attribute__((always_inline)) {
            return V::fma(V::mul(V::sub(x, mean), r), scale, bias);
          });
    }
  }

  static void affine(const AffineArguments& t) {
    const Vector r = V::broadcast(t.r);
    for (Index i = 0; i < t.count; i += width) {
      const Mask mask = mask_at(i, t.count);
      const Vector scaled = V::mul(V::load(mask, t.x + i), r);
      const Vector scale = V::load(mask, t.scale + i);
      const Vector y = t.bias == nullptr ? V::mul(scaled, scale)
                                         : V::fma(scaled, scale, V::load(mask, t.bias + i));
      V::store(mask, t.out + i, canonical(y));
    }
  }

  static Mask mask_at(Index from, Index count) {
    return V::first(count - from < width ? count - from : width);
  }

  struct Plain {
    static Vector bring(Vector lane, Vector x) { return V::add(lane, x); }
  };
  struct Squares {
    static Vector bring(Vector lane, Vector x) { return V::fma(x, x, lane); }
  };

  /// The lanes that have no element left gain +0, which changes nothing: no lane is ever -0.
  template <class Step>
  static float sum_of(const float* x, Index count) {
    Vector acc[lane_vectors];
    for (int v = 0; v < lane_vectors; ++v) acc[v] = V::zero();
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
#pragma GCC unroll 4
      for (int v = 0; v < lane_vectors; ++v) {
        acc[v] = Step::bring(acc[v], V::load(x + i + v * width));
      }
    }
    for (int v = 0; i < count; ++v, i += width) {
      acc[v] = Step::bring(acc[v], V::load(mask_at(i, count), x + i));
    }
    for (int half = lane_vectors / 2; half >= 1; half /= 2) {
      for (int v = 0; v < half; ++v) acc[v] = V::add(acc[v], acc[v + half]);
    }
    float rest[width];
    V::store(rest, acc[0]);
    for (Index half = width / 2; half >= 1; half /= 2) {
      for (Index lane = 0; lane < half; ++lane) rest[lane] += rest[lane + half];
    }
    return rest[0];
  }

  static void sum_columns(const float* x, Index rows, Index stride, float* out, Index columns) {
    for (Index j = 0; j < columns; j += width) {
      const Mask mask = mask_at(j, columns);
      Vector acc[lanes];
      for (Vector& lane : acc) lane = V::zero();
      for (Index row = 0; row < rows; ++row) {
        acc[row % lanes] = V::add(acc[row % lanes], V::load(mask, x + row * stride + j));
      }
      for (Index half = lanes / 2; half >= 1; half /= 2) {
        for (Index lane = 0; lane < half; ++lane) acc[lane] = V::add(acc[lane], acc[lane + half]);
      }
      V::store(mask, out + j, acc[0]);
    }
  }

  template <class F>
  static float extreme(const float* x, Index count, float nothing) {
    const Vector start = V::broadcast(nothing);
    Vector best = start;
    Index i = 0;
    for (; i + width <= count; i += width) best = F::of(best, V::load(x + i));
    if (i != count) {
      const Mask mask = V::first(count - i);
      best = F::of(best, V::blend(mask, start, V::load(mask, x + i)));
    }
    float rest[width];
    V::store(rest, best);
    Vector folded = V::broadcast(rest[0]);
    for (Index lane = 1; lane < width; ++lane) folded = F::of(folded, V::broadcast(rest[lane]));
    V::store(rest, folded);
    return rest[0];
  }
  static float greatest(const float* x, Index count) {
    return extreme<Max>(x, count, -__builtin_inff());
  }
  static float least(const float* x, Index count) {
    return extreme<Min>(x, count, __builtin_inff());
  }

  struct WindowMax {
    static Vector start() { return V::broadcast(-__builtin_inff()); }
    static Vector bring(Vector best, Vector x) { return maximum(best, x); }
  };
  struct WindowSum {
    static Vector start() { return V::zero(); }
    static Vector bring(Vector sum, Vector x) { return V::add(sum, x); }
  };

  /// Several vectors side by side: their chains hide each other's latency.
  template <class F, int Vectors>
  static void window_group(const WindowArguments& t, Index i) {
    Vector acc[Vectors];
    for (Vector& v : acc) v = F::start();
    for (Index tap = 0; tap < t.tap_count; ++tap) {
      const float* from = t.plane + t.taps[tap] + i;
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) acc[v] = F::bring(acc[v], V::load(from + v * width));
    }
    for (int v = 0; v < Vectors; ++v) {
      const Index at = i + v * width;
      if (at < t.count) V::store(mask_at(at, t.count), t.out + at, acc[v]);
    }
  }

  template <class F>
  static void window(const WindowArguments& t) {
    constexpr int vectors = 4;
    static_assert(vectors * width <= window_slack);
    Index i = 0;
    for (; i + width < t.count; i += vectors * width) window_group<F, vectors>(t, i);
    if (i < t.count) window_group<F, 1>(t, i);
  }

  /// Rows from `row` on: their chains hide each other's latency.
  template <int Rows>
  static void products_of_rows(const WindowProductArguments& t, Index row) {
    const Vector bias = V::broadcast(t.bias);
    for (Index i = 0; i < t.columns; i += width) {
      Vector acc[Rows];
#pragma GCC unroll 8
      for (Vector& v : acc) v = V::zero();
      const float* plane = t.plane + row * t.line + i;
      for (Index tap = 0; tap < t.tap_count; ++tap) {
        const Vector weight = V::broadcast(t.weights[tap]);
        const float* from = plane + t.taps[tap];
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
          acc[r] = V::fma(V::load(from + r * t.line), weight, acc[r]);
        }
      }
      store_rows<Rows>(t, row, i, bias, acc);
    }
  }

  /// Whether the taps are those of a square kernel whose lines of taps are lines of the plane.
  template <int Size>
  static bool are_lines(const WindowProductArguments& t) {
    if (t.tap_count != Size * Size) return false;
    for (Index tap = 0; tap < t.tap_count; ++tap) {
      if (t.taps[tap] != tap / Size * t.line + t.taps[tap % Size]) return false;
    }
    return true;
  }

  /// The same for such taps: what is read of a line serves all rows whose windows it crosses.
  template <int Rows, int Size>
  static void products_of_lines(const WindowProductArguments& t, Index row) {
    const Vector bias = V::broadcast(t.bias);
    Vector weights[Size * Size];
#pragma GCC unroll 9
    for (int tap = 0; tap < Size * Size; ++tap) weights[tap] = V::broadcast(t.weights[tap]);
    for (Index i = 0; i < t.columns; i += width) {
      Vector acc[Rows];
#pragma GCC unroll 8
      for (Vector& v : acc) v = V::zero();
#pragma GCC unroll 10
      for (int line = 0; line < Rows + Size - 1; ++line) {
        const float* from = t.plane + (row + line) * t.line + i;
#pragma GCC unroll 3
        for (int tap = 0; tap < Size; ++tap) {
          const Vector x = V::load(from + t.taps[tap]);
#pragma GCC unroll 3
          for (int k = 0; k < Size; ++k) {
            const int r = line - k;
            if (r >= 0 && r < Rows) acc[r] = V::fma(x, weights[k * Size + tap], acc[r]);
          }
        }
      }
      store_rows<Rows>(t, row, i, bias, acc);
    }
  }

  template <int Rows>
  [[gnu::always_inline]] static inline void store_rows(const WindowProductArguments& t, Index row,
                                                       Index i, Vector bias,
                                                       const Vector (&acc)[Rows]) {
    const Index end = t.rows * t.columns;
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const Index at = (row + r) * t.columns + i;
      const Vector value = canonical(V::add(acc[r], bias));
      // What is stored too much of a row of one vector, the next row overwrites.
      if (i + width <= t.columns || (t.columns < width && at + width <= end)) {
        V::store(t.out + at, value);
      } else {
        V::store(mask_at(i, t.columns), t.out + at, value);
      }
    }
  }

  template <int Rows>
  static void products_from(const WindowProductArguments& t, bool lines, Index& row) {
    for (; row + Rows <= t.rows; row += Rows) {
      lines ? products_of_lines<Rows, 3>(t, row) : products_of_rows<Rows>(t, row);
    }
  }

  static void window_products(const WindowProductArguments& t) {
    const bool lines = are_lines<3>(t);
    Index row = 0;
    if constexpr (width >= 16) products_from<8>(t, lines, row);  // more registers
    products_from<4>(t, lines, row);
    products_from<2>(t, lines, row);
    products_from<1>(t, lines, row);
  }

  /// `count` elements, `Step` or else `step` apart.
  template <int Step>
  static void copy_line(const float* from, Index step, float* to, Index count) {
    Index i = 0;
    for (; i + width <= count; i += width) {
      V::store(to + i, load_apart<Step>(from + i * step, step, width));
    }
    if (i < count) {
      V::store(V::first(count - i), to + i, load_apart<Step>(from + i * step, step, count - i));
    }
  }

  /// A vector of at most `count` elements; nothing is read behind them.
  template <int Step>
  static Vector load_apart(const float* from, Index step, Index count) {
    if constexpr (Step == 1) {
      return count == width ? V::load(from) : V::load(V::first(count), from);
    } else if constexpr (Step == 2) {
      const Index span = 2 * count - 1;
      const Vector low = span >= width ? V::load(from) : V::load(V::first(span), from);
      if (span <= width) return V::even(low, V::zero());
      return V::even(low, V::load(V::first(span - width), from + width));
    } else {
      float gathered[width];
      for (Index lane = 0; lane < width; ++lane) {
        gathered[lane] = lane < count ? from[lane * step] : 0.0F;
      }
      return V::load(gathered);
    }
  }

  template <int Step>
  static void copy_lines_of(const LineCopies& t) {
    for (const LinePlace* line = t.lines; line != t.lines + t.line_count; ++line) {
      for (const LineSpan* span = t.spans; span != t.spans + t.span_count; ++span) {
        copy_line<Step>(t.from + line->from + span->from, t.step, t.to + line->to + span->to,
                        span->count);
      }
    }
  }

  static void copy_lines(const LineCopies& t) {
    if (t.step == 1) {
      copy_lines_of<1>(t);
    } else if (t.step == 2) {
      copy_lines_of<2>(t);
    } else {
      copy_lines_of<3>(t);
    }
  }

  /// What one load and store of every row takes along.
  struct LinePiece {
    Index lane;
    Index source;
    bool whole;  ///< what is stored too much, later pieces overwrite
    Mask mask;
  };
  static constexpr int pieces_max = 32;

  /// Exactly `Count` pieces, or any number.
  template <int Count>
  static void pack_pieces(const LinesArguments& t, const LinePiece* pieces, int any_count) {
    const int count = Count == 0 ? any_count : Count;
    const float* channel = t.channel;
    Index tap = t.tap;
    float* row = t.packed;
    for (Index k = 0; k < t.depth; ++k, row += t.width) {
      const float* base = channel + t.taps[tap];
#pragma GCC unroll 4
      for (int i = 0; i < count; ++i) {
        const Vector x = V::load(base + pieces[i].source);
        if (pieces[i].whole) {
          V::store(row + pieces[i].lane, x);
        } else {
          V::store(pieces[i].mask, row + pieces[i].lane, x);
        }
      }
      if (++tap == t.tap_count) {
        tap = 0;
        channel += t.channel_size;
      }
    }
  }

  static void pack_lines(const LinesArguments& t) {
    const LineRun* const end = t.runs + t.run_count;
    Index at = 0;
    for (const LineRun* run = t.runs; run != end;) {
      LinePiece pieces[pieces_max];
      int count = 0;
      while (run != end && count < pieces_max) {
        const Index lane = run->lane + at;
        pieces[count++] = {lane, run->source + at, lane + width <= t.width,
                           mask_at(at, run->count)};
        at += width;
        if (at >= run->count) {
          at = 0;
          ++run;
        }
      }
      switch (count) {
        case 1: pack_pieces<1>(t, pieces, count); break;
        case 2: pack_pieces<2>(t, pieces, count); break;
        case 3: pack_pieces<3>(t, pieces, count); break;
        case 4: pack_pieces<4>(t, pieces, count); break;
        default: pack_pieces<0>(t, pieces, count);
      }
    }
  }

  static constexpr VectorKernels table{
      .add = &binary<Add>,
      .sub = &binary<Sub>,
      .mul = &binary<Mul>,
      .div = &binary<Div>,
      .max = &binary<Max>,
      .min = &binary<Min>,
      .neg = &unary<Neg>,
      .abs = &unary<Abs>,
      .reciprocal = &unary<Reciprocal>,
      .sqrt = &unary<Sqrt>,
      .floor = &unary<Floor>,
      .ceil = &unary<Ceil>,
      .relu = &unary<Relu>,
      .leaky_relu = &unary<LeakyRelu>,
      .clip = &clip,
      .hard_sigmoid = &unary<HardSigmoid>,
      .softsign = &unary<Softsign>,
      .select = &select,
      .normalise = &normalise,
      .affine = &affine,
      .sum = &sum_of<Plain>,
      .sum_of_squares = &sum_of<Squares>,
      .sum_columns = &sum_columns,
      .greatest = &greatest,
      .least = &least,
      .window_max = &window<WindowMax>,
      .window_sum = &window<WindowSum>,
      .window_products = &window_products,
      .plane_products = &PlaneSet<V>::run,
      .copy_lines = &copy_lines,
      .pack_lines = &pack_lines,
  };
};

}  // namespace isotrace::backends::cpu
