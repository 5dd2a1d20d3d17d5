// The loops behind math.hpp, written once for any vector width. Included by the files that are
// compiled for one instruction set each; like them it uses no inline function of the standard
// library (see reference/math/lanes.hpp).
//
// Simd provides: Doubles, the pack of binary64 that the approximations take (see
// reference/math/scalar_lane.hpp) with lanes_of(mask), a bit for each lane; and Floats, a pack of
// as many binary32 numbers: load, store, fill(float), widen (exact), narrow (to nearest even), + *
// / fma sqrt, minus (sign change), magnitude, canonical (every NaN), and differ(a, b): a bit for
// each lane where a and b differ or either is NaN.
#pragma once

#include <cstddef>

#include <isotrace/backends/cpu/math.hpp>
#include <isotrace/reference/math/approximations.hpp>
#include <isotrace/reference/math/functions.hpp>

namespace isotrace::backends::cpu {
namespace {

using Exact = float (*)(float);

template <class Simd>
struct ArrayMath {
  using Doubles = typename Simd::Doubles;
  using Floats = typename Simd::Floats;
  static constexpr std::size_t lanes = Simd::lanes;

  /// Function's value in every lane: the quick one where no other number is within its error, and
  /// what settle says if there is a lane where that is not so.
  template <class Function, Exact exact>
  [[gnu::always_inline]] static inline Floats apply(Floats x) {
    const Doubles wide = Simd::widen(x);
    const Doubles value = Function::template value<reference::Quick>(wide);
    const auto clear = Doubles::is_clear(value, reference::Quick::window);
    if (Doubles::all(Doubles::both(Function::ordinary(wide), clear))) [[likely]]
      return Simd::narrow(value);
    return settle<Function, exact>(x);
  }

  /// The same by the fine sequence; the lanes that it leaves in doubt ask the reference.
  template <class Function, Exact exact>
  [[gnu::noinline]] static Floats settle(Floats x) {
    const Doubles wide = Simd::widen(x);
    const Doubles value = Function::template value<reference::Fine>(wide);
    constexpr double error = reference::Fine::error_max;
    const Floats above = Simd::narrow(Doubles::fma(value, error, value));
    const Floats below = Simd::narrow(Doubles::fma(value, -error, value));
    const auto domain = Function::domain(wide);
    unsigned doubt = Simd::differ(above, below) & Doubles::lanes_of(domain);
    const Floats result = Simd::narrow(Doubles::select(domain, value, Function::outside(wide)));
    if (doubt == 0) [[likely]]
      return result;
    float before[lanes];
    float after[lanes];
    Simd::store(before, x);
    Simd::store(after, result);
    for (; doubt != 0; doubt &= doubt - 1) {
      const int lane = __builtin_ctz(doubt);
      after[lane] = exact(before[lane]);
    }
    return Simd::load(after);
  }

  /// y[i] = f(x[i]); f takes and gives Floats. The end goes through a buffer.
  template <class F>
  [[gnu::always_inline]] static inline void map(const float* x, float* y, std::size_t count, F f) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) Simd::store(y + i, f(Simd::load(x + i)));
    if (i == count) return;
    float rest[lanes] = {};
    for (std::size_t k = i; k < count; ++k) rest[k - i] = x[k];
    Simd::store(rest, f(Simd::load(rest)));
    for (std::size_t k = i; k < count; ++k) y[k] = rest[k - i];
  }

  template <class Function, Exact exact>
  static void function(const float* x, float* y, std::size_t count) {
    map(
        x, y, count,
        [](Floats v) __attribute__((always_inline)) { return apply<Function, exact>(v); });
  }

  [[gnu::always_inline]] static inline Floats exp(Floats x) {
    return apply<reference::Exp, reference::exp>(x);
  }

  static void sqrt(const float* x, float* y, std::size_t count) {
    map(
        x, y, count,
        [](Floats v) __attribute__((always_inline)) { return Simd::canonical(Simd::sqrt(v)); });
  }

  static void reciprocal(const float* x, float* y, std::size_t count) {
    map(
        x, y, count,
        [](Floats v) __attribute__((always_inline)) { return Simd::canonical(Simd::fill(1) / v); });
  }

  // [activation.sigmoid]
  static void sigmoid(const float* x, float* y, std::size_t count) {
    map(
        x, y, count, [](Floats v) __attribute__((always_inline)) {
          const Floats one = Simd::fill(1);
          return Simd::canonical(one / (one + exp(Simd::minus(v))));
        });
  }

  static void silu(const float* x, float* y, std::size_t count) {
    map(
        x, y, count, [](Floats v) __attribute__((always_inline)) {
          return Simd::canonical(v / (Simd::fill(1) + exp(Simd::minus(v))));
        });
  }

  // [activation.gelu]
  static void gelu(const float* x, float* y, std::size_t count) {
    map(
        x, y, count, [](Floats v) __attribute__((always_inline)) {
          const Floats e = apply<reference::Erf, reference::erf>(v * Simd::fill(0x1.6a09e6p-1F));
          return Simd::canonical((Simd::fill(0.5F) * v) * (Simd::fill(1) + e));
        });
  }

  static void gelu_tanh(const float* x, float* y, std::size_t count) {
    map(
        x, y, count, [](Floats v) __attribute__((always_inline)) {
          const Floats inner = Simd::fma(Simd::fill(0.044715F) * (v * v), v, v);
          const Floats t =
              apply<reference::Tanh, reference::tanh>(Simd::fill(0x1.988454p-1F) * inner);
          return Simd::canonical((Simd::fill(0.5F) * v) * (Simd::fill(1) + t));
        });
  }

  // [activation.softplus] In two passes over a small buffer: both functions at once would need more
  // registers than there are.
  static void softplus(const float* x, float* y, std::size_t count) {
    constexpr std::size_t block = 512;
    float rest[block];
    for (std::size_t from = 0; from < count; from += block) {
      const std::size_t size = count - from < block ? count - from : block;
      map(
          x + from, rest, size, [](Floats v) __attribute__((always_inline)) {
            return exp(Simd::minus(Simd::magnitude(v)));
          });
      function<reference::Log1p, reference::log1p>(rest, rest, size);
      for (std::size_t i = 0; i < size; ++i) {
        const float above_zero = x[from + i] < 0 ? 0.0F : x[from + i];  // NaN stays
        const float sum = above_zero + rest[i];
        y[from + i] = sum == sum ? sum : __builtin_nanf("");
      }
    }
  }

  static constexpr MathFunctions functions() {
    namespace r = reference;
    return {.exp = function<r::Exp, r::exp>,
            .exp2 = function<r::Exp2, r::exp2>,
            .expm1 = function<r::Expm1, r::expm1>,
            .log = function<r::Log, r::log>,
            .log2 = function<r::Log2, r::log2>,
            .log1p = function<r::Log1p, r::log1p>,
            .sin = function<r::Sin, r::sin>,
            .cos = function<r::Cos, r::cos>,
            .tan = function<r::Tan, r::tan>,
            .asin = function<r::Asin, r::asin>,
            .acos = function<r::Acos, r::acos>,
            .atan = function<r::Atan, r::atan>,
            .sinh = function<r::Sinh, r::sinh>,
            .cosh = function<r::Cosh, r::cosh>,
            .tanh = function<r::Tanh, r::tanh>,
            .asinh = function<r::Asinh, r::asinh>,
            .acosh = function<r::Acosh, r::acosh>,
            .atanh = function<r::Atanh, r::atanh>,
            .erf = function<r::Erf, r::erf>,
            .rsqrt = function<r::Rsqrt, r::rsqrt>,
            .sqrt = sqrt,
            .reciprocal = reciprocal,
            .sigmoid = sigmoid,
            .silu = silu,
            .gelu = gelu,
            .gelu_tanh = gelu_tanh,
            .softplus = softplus};
  }
};

}  // namespace
}  // namespace isotrace::backends::cpu
