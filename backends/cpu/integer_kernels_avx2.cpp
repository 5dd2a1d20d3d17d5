// AVX2: bytes are widened to 16 bits, and vpmaddwd adds two products of these to a 32-bit lane,
// exactly. vpmaddubsw, which multiplies bytes, saturates (255 * 127 * 2 > 32767); it is used only
// where one factor is a code of at most 2.
#include <immintrin.h>

#include <isotrace/backends/cpu/integer_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Avx2 {
  using Vector = __m256i;
  using Mask = __m256i;
  static constexpr const char* name = "AVX2";
  static constexpr Index width = 8;
  static constexpr Index group = 2;
  static constexpr Index tile_rows = 5;  // 10 accumulators, 2 columns, 1 row, 2 products of 16

  static Mask first(Index lanes) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(lanes)), lane);
  }
  static Vector zero() { return _mm256_setzero_si256(); }
  static Vector broadcast(const void* from) {
    std::int32_t value = 0;
    __builtin_memcpy(&value, from, sizeof value);
    return _mm256_set1_epi32(value);
  }
  static Vector load(const std::int32_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static Vector load(Mask mask, const std::int32_t* from) {
    return _mm256_maskload_epi32(from, mask);
  }
  static void store(Mask mask, std::int32_t* to, Vector value) {
    _mm256_maskstore_epi32(to, mask, value);
  }
  static Vector load_b(const std::byte* from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static Vector multiply_add(Vector sum, Vector a, Vector b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
  }
  static Vector ones() { return _mm256_set1_epi16(1); }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm256_mullo_epi32(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm256_sub_epi32(a, b); }
  static void prefetch(const void* at) { _mm_prefetch(at, _MM_HINT_T0); }
  static void prefetch_far(const void* at) { _mm_prefetch(at, _MM_HINT_T1); }
  static __m128i load8(const std::uint8_t* from, __m128i flip) {
    return _mm_xor_si128(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)), flip);
  }
  static __m128i load_groups(const std::uint8_t* from, __m128i flip) {
    return _mm_cvtepu8_epi16(load8(from, flip));
  }
  /// Two rows of 8 bytes: byte j of each, side by side.
  static void interleave(const std::uint8_t* from, Index stride, __m128i flip, std::byte* to) {
    const __m128i pairs = _mm_unpacklo_epi8(load8(from, flip), load8(from + stride, flip));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), pairs);
  }

  /// Four vectors of 8 columns. A pair of products is at most 2 * 2 * 128 in magnitude, and four
  /// pairs are added before they are widened: 2048 fits 16 bits.
  static void ternary(const std::int8_t* x, Index groups, const std::byte* panel,
                      std::int32_t* sums) {
    const Vector mask = _mm256_set1_epi8(3);
    const Vector ones = _mm256_set1_epi16(1);
    Vector acc[4] = {zero(), zero(), zero(), zero()};
    for (Index g = 0; g < groups; ++g) {
      prefetch(panel + 4096);
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        const Vector codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + v * 32));
        const Vector p0 = _mm256_maddubs_epi16(_mm256_and_si256(codes, mask), broadcast(x));
        const Vector p1 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(codes, 2), mask),
                                               broadcast(x + 4));
        const Vector p2 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(codes, 4), mask),
                                               broadcast(x + 8));
        const Vector p3 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(codes, 6), mask),
                                               broadcast(x + 12));
        const Vector pairs = _mm256_add_epi16(_mm256_add_epi16(p0, p1), _mm256_add_epi16(p2, p3));
        acc[v] = _mm256_add_epi32(acc[v], _mm256_madd_epi16(pairs, ones));
      }
      prefetch(panel + 4096 + 64);
      x += 16;
      panel += 128;
    }
    for (int v = 0; v < 4; ++v) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + v * 8), acc[v]);
    }
  }
};

}  // namespace

const IntegerKernels& integer_kernels_avx2() { return IntegerKernelSet<Avx2>::table; }

}  // namespace isotrace::backends::cpu
