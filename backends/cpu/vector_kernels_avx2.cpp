#include <immintrin.h>

#include <isotrace/backends/cpu/vector_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

/// All bits of a lane set or none. A type of its own, or it could not be told from a vector.
struct LaneMask {
  __m256i bits;
};

struct Avx2 {
  using Vector = __m256;
  using Mask = LaneMask;
  static constexpr Index width = 8;

  static Mask first(Index lanes) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(lanes)), lane)};
  }
  /// All lanes but the first ones.
  static Mask from(Index lanes) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_cmpgt_epi32(lane, _mm256_set1_epi32(static_cast<int>(lanes) - 1))};
  }
  static Mask both(Mask a, Mask b) { return {_mm256_and_si256(a.bits, b.bits)}; }
  /// One condition byte per lane.
  static Mask conditions(const std::uint8_t* from) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return {_mm256_cmpgt_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_setzero_si256())};
  }
  static Vector zero() { return _mm256_setzero_ps(); }
  static Vector broadcast(float value) { return _mm256_set1_ps(value); }
  static Vector nan() { return _mm256_castsi256_ps(_mm256_set1_epi32(0x7FC00000)); }
  static Vector load(const float* from) { return _mm256_loadu_ps(from); }
  static Vector load(Mask mask, const float* from) { return _mm256_maskload_ps(from, mask.bits); }
  /// Lanes 0, 2, 4, ... of a and then of b.
  static Vector even(Vector a, Vector b) {
    return in_order(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)));
  }
  /// Lanes 1, 3, 5, ... of a and then of b.
  static Vector odd(Vector a, Vector b) {
    return in_order(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1)));
  }
  static void store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
  static void store(Mask mask, float* to, Vector value) {
    _mm256_maskstore_ps(to, mask.bits, value);
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  static Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static Vector div(Vector a, Vector b) { return _mm256_div_ps(a, b); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector sqrt(Vector x) { return _mm256_sqrt_ps(x); }
  static Vector floor(Vector x) { return _mm256_floor_ps(x); }
  static Vector ceil(Vector x) { return _mm256_ceil_ps(x); }
  /// The second operand where one is NaN or both are zeros.
  static Vector max(Vector a, Vector b) { return _mm256_max_ps(a, b); }
  static Vector min(Vector a, Vector b) { return _mm256_min_ps(a, b); }
  static Vector bit_and(Vector a, Vector b) { return _mm256_and_ps(a, b); }
  static Vector bit_or(Vector a, Vector b) { return _mm256_or_ps(a, b); }
  static Vector bit_xor(Vector a, Vector b) { return _mm256_xor_ps(a, b); }
  static Vector magnitude(Vector x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
  static Mask equal(Vector a, Vector b) { return compare(_mm256_cmp_ps(a, b, _CMP_EQ_OQ)); }
  static Mask below(Vector a, Vector b) { return compare(_mm256_cmp_ps(a, b, _CMP_LT_OQ)); }
  static Mask unordered(Vector a, Vector b) { return compare(_mm256_cmp_ps(a, b, _CMP_UNORD_Q)); }
  /// b where the mask is set, else a.
  static Vector blend(Mask mask, Vector a, Vector b) {
    return _mm256_blendv_ps(a, b, _mm256_castsi256_ps(mask.bits));
  }

 private:
  /// Pairs of lanes 0, 2, 1, 3.
  static Vector in_order(Vector x) {
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), _MM_SHUFFLE(3, 1, 2, 0)));
  }
  static Mask compare(__m256 bits) { return {_mm256_castps_si256(bits)}; }
};

}  // namespace

const VectorKernels& vector_kernels_avx2() { return VectorSet<Avx2>::table; }

}  // namespace isotrace::backends::cpu
