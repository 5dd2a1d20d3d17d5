#include <immintrin.h>

#include <isotrace/backends/cpu/vector_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Avx512 {
  using Vector = __m512;
  using Mask = __mmask16;
  static constexpr Index width = 16;
  // gcc 12 warns of the unmasked forms of some intrinsics (PR 105593); the code is the same.
  static constexpr Mask all = 0xFFFF;

  static Mask first(Index lanes) { return static_cast<Mask>((1U << lanes) - 1U); }
  /// All lanes but the first ones.
  static Mask from(Index lanes) { return static_cast<Mask>(~0U << lanes); }
  static Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
  /// One condition byte per lane.
  static Mask conditions(const std::uint8_t* from) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm512_test_epi32_mask(_mm512_maskz_cvtepu8_epi32(all, bytes), _mm512_set1_epi32(1));
  }
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector broadcast(float value) { return _mm512_set1_ps(value); }
  static Vector nan() { return _mm512_castsi512_ps(_mm512_set1_epi32(0x7FC00000)); }
  static Vector load(const float* from) { return _mm512_loadu_ps(from); }
  static Vector load(Mask mask, const float* from) { return _mm512_maskz_loadu_ps(mask, from); }
  /// Lanes 0, 2, 4, ... of a and then of b.
  static Vector even(Vector a, Vector b) {
    const __m512i lanes =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_maskz_permutex2var_ps(all, a, lanes, b);
  }
  /// Lanes 1, 3, 5, ... of a and then of b.
  static Vector odd(Vector a, Vector b) {
    const __m512i lanes =
        _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_maskz_permutex2var_ps(all, a, lanes, b);
  }
  static void store(float* to, Vector value) { _mm512_storeu_ps(to, value); }
  static void store(Mask mask, float* to, Vector value) { _mm512_mask_storeu_ps(to, mask, value); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
  static Vector mul(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
  static Vector div(Vector a, Vector b) { return _mm512_div_ps(a, b); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector sqrt(Vector x) { return _mm512_maskz_sqrt_ps(all, x); }
  static Vector floor(Vector x) {
    return _mm512_maskz_roundscale_ps(all, x, _MM_FROUND_TO_NEG_INF);
  }
  static Vector ceil(Vector x) { return _mm512_maskz_roundscale_ps(all, x, _MM_FROUND_TO_POS_INF); }
  /// The second operand where one is NaN or both are zeros.
  static Vector max(Vector a, Vector b) { return _mm512_maskz_max_ps(all, a, b); }
  static Vector min(Vector a, Vector b) { return _mm512_maskz_min_ps(all, a, b); }
  static Vector bit_and(Vector a, Vector b) {
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(a), _mm512_castps_si512(b)));
  }
  static Vector bit_or(Vector a, Vector b) {
    return _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(a), _mm512_castps_si512(b)));
  }
  static Vector bit_xor(Vector a, Vector b) {
    return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a), _mm512_castps_si512(b)));
  }
  static Vector magnitude(Vector x) { return _mm512_abs_ps(x); }
  static Mask equal(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static Mask below(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask unordered(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
  /// b where the mask is set, else a.
  static Vector blend(Mask mask, Vector a, Vector b) { return _mm512_mask_blend_ps(mask, a, b); }
};

}  // namespace

const VectorKernels& vector_kernels_avx512() { return VectorSet<Avx512>::table; }

}  // namespace isotrace::backends::cpu
