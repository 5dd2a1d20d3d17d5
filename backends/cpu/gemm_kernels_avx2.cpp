#include <immintrin.h>

#include <isotrace/backends/cpu/gemm_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Avx2 {
  using Vector = __m256;
  using Mask = __m256i;
  static constexpr Index width = 8;
  static constexpr Index tile_rows = 6;  // 12 accumulators, 2 columns, 1 row of 16 registers
  static constexpr int tile_vectors = 2;
  static constexpr Index stream_rows = 6;  // the same registers

  static Mask first(Index lanes) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(lanes)), lane);
  }
  static Vector zero() { return _mm256_setzero_ps(); }
  static Vector broadcast(float value) { return _mm256_set1_ps(value); }
  static Vector load(const float* from) { return _mm256_loadu_ps(from); }
  static Vector load(Mask mask, const float* from) { return _mm256_maskload_ps(from, mask); }
  static void store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
  static void store(Mask mask, float* to, Vector value) { _mm256_maskstore_ps(to, mask, value); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  /// Clip where the bounds are neither NaN nor -0 and x is no NaN (see VectorSet::PlainClip).
  static Vector bound(Vector x, Vector low, Vector high) {
    return _mm256_min_ps(high, _mm256_max_ps(x, low));
  }
  /// `value`, or the canonical NaN where `tested` is NaN.
  static Vector canonical(Vector tested, Vector value) {
    const Vector nan = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FC00000));
    return _mm256_blendv_ps(value, nan, _mm256_cmp_ps(tested, tested, _CMP_UNORD_Q));
  }
  // Without always_inline the compiler finds these functions without effect and drops the calls.
  [[gnu::always_inline]] static void prefetch(const float* at) { __builtin_prefetch(at, 0, 3); }
  [[gnu::always_inline]] static void prefetch_far(const float* at) { __builtin_prefetch(at, 0, 2); }
  [[gnu::always_inline]] static void prefetch_write(const float* at) {
    __builtin_prefetch(at, 1, 3);
  }
};

}  // namespace

const Kernels& kernels_avx2() { return KernelSet<Avx2>::table; }

}  // namespace isotrace::backends::cpu
