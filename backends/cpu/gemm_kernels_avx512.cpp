#include <immintrin.h>

#include <isotrace/backends/cpu/gemm_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Avx512 {
  using Vector = __m512;
  using Mask = __mmask16;
  static constexpr Index width = 16;
  static constexpr Index tile_rows = 12;  // 24 accumulators, 2 columns, 1 row of 32 registers
  static constexpr int tile_vectors = 2;
  static constexpr Index stream_rows = 8;  // 16 accumulators: memory is the limit

  static Mask first(Index lanes) { return static_cast<Mask>((1U << lanes) - 1U); }
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector broadcast(float value) { return _mm512_set1_ps(value); }
  static Vector load(const float* from) { return _mm512_loadu_ps(from); }
  static Vector load(Mask mask, const float* from) { return _mm512_maskz_loadu_ps(mask, from); }
  static void store(float* to, Vector value) { _mm512_storeu_ps(to, value); }
  static void store(Mask mask, float* to, Vector value) { _mm512_mask_storeu_ps(to, mask, value); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
  /// Clip where the bounds are neither NaN nor -0 and x is no NaN (see VectorSet::PlainClip).
  static Vector bound(Vector x, Vector low, Vector high) {
    const Mask all = first(width);  // masked forms: g++ 12 warns of the others' own operand
    return _mm512_maskz_min_ps(all, high, _mm512_maskz_max_ps(all, x, low));
  }
  /// `value`, or the canonical NaN where `tested` is NaN.
  static Vector canonical(Vector tested, Vector value) {
    const Vector nan = _mm512_castsi512_ps(_mm512_set1_epi32(0x7FC00000));
    return _mm512_mask_mov_ps(value, _mm512_cmp_ps_mask(tested, tested, _CMP_UNORD_Q), nan);
  }
  // Without always_inline the compiler finds these functions without effect and drops the calls.
  [[gnu::always_inline]] static void prefetch(const float* at) { __builtin_prefetch(at, 0, 3); }
  [[gnu::always_inline]] static void prefetch_far(const float* at) { __builtin_prefetch(at, 0, 2); }
  [[gnu::always_inline]] static void prefetch_write(const float* at) {
    __builtin_prefetch(at, 1, 3);
  }
};

}  // namespace

const Kernels& kernels_avx512() { return KernelSet<Avx512>::table; }

}  // namespace isotrace::backends::cpu
