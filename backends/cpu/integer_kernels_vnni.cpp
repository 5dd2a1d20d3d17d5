// AVX-512 VNNI: vpdpbusd adds four products of unsigned and signed bytes to a 32-bit lane, exactly
// (its saturating twin vpdpbusds is not used).
#include <immintrin.h>

#include <isotrace/backends/cpu/integer_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Vnni {
  using Vector = __m512i;
  using Mask = __mmask16;
  static constexpr const char* name = "AVX-512 VNNI";
  static constexpr Index width = 16;
  static constexpr Index group = 4;
  static constexpr Index tile_rows = 12;  // 24 accumulators, 2 columns, 1 row of 32 registers

  static Mask first(Index lanes) { return static_cast<Mask>((1U << lanes) - 1U); }
  static Vector zero() { return _mm512_setzero_si512(); }
  static Vector broadcast(const void* from) {
    std::int32_t value = 0;
    __builtin_memcpy(&value, from, sizeof value);
    return _mm512_set1_epi32(value);
  }
  static Vector load(const std::int32_t* from) { return _mm512_loadu_si512(from); }
  static Vector load(Mask mask, const std::int32_t* from) {
    return _mm512_maskz_loadu_epi32(mask, from);
  }
  static void store(Mask mask, std::int32_t* to, Vector value) {
    _mm512_mask_storeu_epi32(to, mask, value);
  }
  static Vector load_b(const std::byte* from) { return _mm512_loadu_si512(from); }
  static Vector multiply_add(Vector sum, Vector a, Vector b) {
    return _mm512_dpbusd_epi32(sum, a, b);
  }
  static Vector ones() { return _mm512_set1_epi8(1); }
  static Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm512_mullo_epi32(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm512_sub_epi32(a, b); }
  static void prefetch(const void* at) { _mm_prefetch(at, _MM_HINT_T0); }
  static void prefetch_far(const void* at) { _mm_prefetch(at, _MM_HINT_T1); }
  static __m128i load16(const std::uint8_t* from, __m128i flip) {
    return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), flip);
  }
  static __m128i load_groups(const std::uint8_t* from, __m128i flip) { return load16(from, flip); }
  /// Four rows of 16 bytes: byte j of each, side by side.
  static void interleave(const std::uint8_t* from, Index stride, __m128i flip, std::byte* to) {
    const __m128i r0 = load16(from, flip);
    const __m128i r1 = load16(from + stride, flip);
    const __m128i r2 = load16(from + 2 * stride, flip);
    const __m128i r3 = load16(from + 3 * stride, flip);
    const __m128i low01 = _mm_unpacklo_epi8(r0, r1);
    const __m128i low23 = _mm_unpacklo_epi8(r2, r3);
    const __m128i high01 = _mm_unpackhi_epi8(r0, r1);
    const __m128i high23 = _mm_unpackhi_epi8(r2, r3);
    auto* out = reinterpret_cast<__m128i*>(to);
    _mm_storeu_si128(out, _mm_unpacklo_epi16(low01, low23));
    _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(low01, low23));
    _mm_storeu_si128(out + 2, _mm_unpacklo_epi16(high01, high23));
    _mm_storeu_si128(out + 3, _mm_unpackhi_epi16(high01, high23));
  }

  /// Two vectors of 16 columns. Codes are multiplied where they stand in their bytes, so the sums
  /// of k = 4 p + q are 4^p times too great, and are shifted at the end: no other instructions than
  /// masks stand beside the products, of which there can only be one per cycle.
  static void ternary(const std::int8_t* x, Index groups, const std::byte* panel,
                      std::int32_t* sums) {
    // So many groups do not leave i32, even 64 times too great: 64 * 2 * 128 * 4 for each.
    constexpr Index block = 16384;
    Vector total[2] = {zero(), zero()};
    for (Index g = 0; g < groups; g += block) {
      const Index here = groups - g < block ? groups - g : block;
      ternary_block(x + g * 16, here, panel + g * 128, total);
    }
    for (int v = 0; v < 2; ++v) _mm512_storeu_si512(sums + v * 16, total[v]);
  }

 private:
  static void ternary_block(const std::int8_t* x, Index groups, const std::byte* panel,
                            Vector (&total)[2]) {
    const Vector masks[4] = {_mm512_set1_epi8(3), _mm512_set1_epi8(12), _mm512_set1_epi8(48),
                             _mm512_set1_epi8(static_cast<char>(192))};
    Vector acc[2][4];
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) acc[v][p] = zero();
    }
    for (Index g = 0; g < groups; ++g, x += 16, panel += 128) {
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) {
        const Vector codes = load_b(panel + v * 64);
#pragma GCC unroll 4
        for (int p = 0; p < 4; ++p) {
          acc[v][p] = _mm512_dpbusd_epi32(acc[v][p], _mm512_and_si512(codes, masks[p]),
                                          broadcast(x + 4 * p));
        }
      }
    }
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
      total[v] = add(total[v], acc[v][0]);
      total[v] = add(total[v], _mm512_srai_epi32(acc[v][1], 2));
      total[v] = add(total[v], _mm512_srai_epi32(acc[v][2], 4));
      total[v] = add(total[v], _mm512_srai_epi32(acc[v][3], 6));
    }
  }
};

}  // namespace

const IntegerKernels& integer_kernels_vnni() { return IntegerKernelSet<Vnni>::table; }

}  // namespace isotrace::backends::cpu
