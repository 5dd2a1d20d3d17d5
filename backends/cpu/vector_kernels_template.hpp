// The array kernels written once over a vector type V (see gemm_kernels_template.hpp for how such a
// header may be used: V lies in an anonymous namespace, and no standard templates).
#pragma once

#include <isotrace/backends/cpu/vector_kernels.hpp>

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

  template <class F>
  static void binary(const BinaryArguments& t) {
    const Vector a = V::broadcast(t.a_fixed ? *t.a : 0.0F);
    const Vector b = V::broadcast(t.b_fixed ? *t.b : 0.0F);
    Index i = 0;
    for (; i + width <= t.count; i += width) {
      const Vector x = t.a_fixed ? a : V::load(t.a + i);
      const Vector y = t.b_fixed ? b : V::load(t.b + i);
      V::store(t.out + i, canonical(F::of(x, y)));
    }
    if (i == t.count) return;
    const Mask mask = V::first(t.count - i);
    const Vector x = t.a_fixed ? a : V::load(mask, t.a + i);
    const Vector y = t.b_fixed ? b : V::load(mask, t.b + i);
    V::store(mask, t.out + i, canonical(F::of(x, y)));
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

  template <class F>
  static void unary(const UnaryArguments& t) {
    const Vector first = V::broadcast(t.first);
    const Vector second = V::broadcast(t.second);
    Index i = 0;
    for (; i + width <= t.count; i += width) {
      V::store(t.out + i, canonical(F::of(V::load(t.x + i), first, second)));
    }
    if (i == t.count) return;
    const Mask mask = V::first(t.count - i);
    V::store(mask, t.out + i, canonical(F::of(V::load(mask, t.x + i), first, second)));
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

  static void normalise(const float* x, float* out, Index count, float mean, float r, float scale,
                        float bias) {
    const Vector means = V::broadcast(mean);
    const Vector rs = V::broadcast(r);
    const Vector scales = V::broadcast(scale);
    const Vector biases = V::broadcast(bias);
    for (Index i = 0; i < count; i += width) {
      const Mask mask = mask_at(i, count);
      const Vector d = V::sub(V::load(mask, x + i), means);
      V::store(mask, out + i, canonical(V::fma(V::mul(d, rs), scales, biases)));
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
    static Vector bring(Vector best, Vector x, const float*) { return maximum(best, x); }
  };
  struct WindowSum {
    static Vector start() { return V::zero(); }
    static Vector bring(Vector sum, Vector x, const float*) { return V::add(sum, x); }
  };
  struct WindowProducts {
    static Vector start() { return V::zero(); }
    static Vector bring(Vector chain, Vector x, const float* weight) {
      return V::fma(x, V::broadcast(*weight), chain);
    }
  };

  template <int Stride>
  static Vector load_strided(const float* from, Index stride) {
    if constexpr (Stride == 1) {
      return V::load(from);
    } else if constexpr (Stride == 2) {
      return V::load_even(from);
    } else {
      float gathered[width];
      for (Index lane = 0; lane < width; ++lane) gathered[lane] = from[lane * stride];
      return V::load(gathered);
    }
  }

  /// Several vectors side by side: their chains hide each other's latency.
  template <class F, int Stride, int Vectors>
  static void window_group(const WindowArguments& t, Index i) {
    Vector acc[Vectors];
    for (Vector& v : acc) v = F::start();
    for (Index tap = 0; tap < t.tap_count; ++tap) {
      const float* from = t.plane + t.taps[tap] + i * t.stride;
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        acc[v] = F::bring(acc[v], load_strided<Stride>(from + v * width * t.stride, t.stride),
                          t.weights + tap);
      }
    }
    for (int v = 0; v < Vectors; ++v) {
      const Index at = i + v * width;
      if (at < t.count) V::store(mask_at(at, t.count), t.out + at, acc[v]);
    }
  }

  template <class F, int Stride>
  static void window_of(const WindowArguments& t) {
    constexpr int vectors = 4;
    static_assert(vectors * width <= window_slack);
    Index i = 0;
    for (; i + width < t.count; i += vectors * width) window_group<F, Stride, vectors>(t, i);
    if (i < t.count) window_group<F, Stride, 1>(t, i);
  }

  template <class F>
  static void window(const WindowArguments& t) {
    if (t.stride == 1) {
      window_of<F, 1>(t);
    } else if (t.stride == 2) {
      window_of<F, 2>(t);
    } else {
      window_of<F, 3>(t);
    }
  }

  template <int Stride>
  static void pack_lines_of(const LinesArguments& t) {
    const float* channel = t.channel;
    Index tap = t.tap;
    float* row = t.packed;
    for (Index k = 0; k < t.depth; ++k, row += t.width) {
      const float* base = channel + t.taps[tap];
      for (const LineRun* run = t.runs; run != t.runs + t.run_count; ++run) {
        for (Index i = 0; i < run->count; i += width) {
          const Vector x = load_strided<Stride>(base + run->source + i * t.stride, t.stride);
          // What is stored too much, later runs overwrite.
          if (run->lane + i + width <= t.width) {
            V::store(row + run->lane + i, x);
          } else {
            V::store(mask_at(i, run->count), row + run->lane + i, x);
          }
        }
      }
      if (++tap == t.tap_count) {
        tap = 0;
        channel += t.channel_size;
      }
    }
  }

  static void pack_lines(const LinesArguments& t) {
    if (t.stride == 1) {
      pack_lines_of<1>(t);
    } else if (t.stride == 2) {
      pack_lines_of<2>(t);
    } else {
      pack_lines_of<3>(t);
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
      .clip = &unary<Clip>,
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
      .window_products = &window<WindowProducts>,
      .pack_lines = &pack_lines,
  };
};

}  // namespace isotrace::backends::cpu
