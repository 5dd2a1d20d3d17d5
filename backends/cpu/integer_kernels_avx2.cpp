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
  /// Two lines of 16 bytes: byte j of each, side by side.
  static void interleave(const std::uint8_t* const (&lines)[2], std::uint8_t flip, std::byte* to) {
    const __m128i flips = _mm_set1_epi8(static_cast<char>(flip));
    const auto load16 = [flips](const std::uint8_t* from) {
      return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), flips);
    };
    const __m128i a = load16(lines[0]);
    const __m128i b = load16(lines[1]);
    auto* out = reinterpret_cast<__m128i*>(to);
    _mm_storeu_si128(out, _mm_unpacklo_epi8(a, b));
    _mm_storeu_si128(out + 1, _mm_unpackhi_epi8(a, b));
  }
  /// Bytes of two lines as pairs of 16 bits.
  static Vector load_pairs(const std::uint8_t* first, const std::uint8_t* second, __m128i flip) {
    return _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(load8(first, flip), load8(second, flip)));
  }
  static Vector multiply_pairs(Vector a, Vector b) { return _mm256_madd_epi16(a, b); }
  /// Products of bytes are exact in 16 bits only one by one.
  static constexpr void (*lines)(const ByteLines&) = nullptr;
  static constexpr Index in_place_rows = 0;  // bytes would have to be widened each time
  static constexpr void (*tile_in_place)(const InPlaceTile&) = nullptr;

  /// A pair of products is at most 2 * 2 * 128 in magnitude, and 32 of them are added before they
  /// are widened: 16384 fits 16 bits. The 32 groups stay in the first-level cache meanwhile.
  static void ternary(const std::int8_t* x, Index groups, const std::byte* panel,
                      std::int32_t* sums) {
    constexpr Index block = 32;
    for (Index i = 0; i < 16; ++i) store_all(sums + i * 8, zero());
    for (Index g = 0; g < groups; g += block) {
      const Index here = groups - g < block ? groups - g : block;
      // A quarter of a group: 8 lanes of one of its halves.
      for (Index u = 0; u < 4; ++u) {
        ternary_block(x + g * 4, here, panel + g * 128 + u * 32, sums + u / 2 * 64 + u % 2 * 8);
      }
    }
  }

 private:
  static void ternary_block(const std::int8_t* x, Index groups, const std::byte* panel,
                            std::int32_t* sums) {
    const Vector mask = _mm256_set1_epi8(3);
    Vector pairs[4] = {zero(), zero(), zero(), zero()};
    for (Index g = 0; g < groups; ++g, x += 4, panel += 128) {
      const Vector codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel));
      const Vector row = broadcast(x);
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) {
        const Vector weights = _mm256_and_si256(_mm256_srli_epi16(codes, 2 * p), mask);
        pairs[p] = _mm256_add_epi16(pairs[p], _mm256_maddubs_epi16(weights, row));
      }
    }
    for (int p = 0; p < 4; ++p) {
      const Vector part = _mm256_madd_epi16(pairs[p], _mm256_set1_epi16(1));
      store_all(sums + 16 * p, add(load(sums + 16 * p), part));
    }
  }
  static void store_all(std::int32_t* to, Vector value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
  }
};

}  // namespace

const IntegerKernels& integer_kernels_avx2() { return IntegerKernelSet<Avx2>::table; }

}  // namespace isotrace::backends::cpu
