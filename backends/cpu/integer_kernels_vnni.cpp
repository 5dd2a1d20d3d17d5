// AVX-512 VNNI: vpdpbusd adds four products of unsigned and signed bytes to a 32-bit lane, exactly
// (its saturating twin vpdpbusds is not used).
#include <immintrin.h>

#include <isotrace/backends/cpu/integer_in_place_template.hpp>
#include <isotrace/backends/cpu/integer_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Vnni {
  using Vector = __m512i;
  using Mask = __mmask16;
  static constexpr const char* name = "AVX-512 VNNI";
  static constexpr Index width = 16;
  static constexpr Index group = 4;
  static constexpr Index ternary_ahead = 8192;  // bytes: what memory takes to answer
  static constexpr Index tile_rows = 12;        // 24 accumulators, 2 columns, 1 row of 32 registers

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
  /// By name: around the intrinsic, gcc 12 copies sums from register to register and back, as many
  /// times as it multiplies.
  static Vector multiply_add(Vector sum, Vector a, Vector b) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
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
  static __m256i load32(const std::uint8_t* from, __m256i flip) {
    return _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)), flip);
  }
  /// Four lines of 32 bytes: byte j of each, side by side.
  static void interleave(const std::uint8_t* const (&lines)[4], std::uint8_t flip, std::byte* to) {
    const __m256i flips = _mm256_set1_epi8(static_cast<char>(flip));
    const __m256i r0 = load32(lines[0], flips);
    const __m256i r1 = load32(lines[1], flips);
    const __m256i r2 = load32(lines[2], flips);
    const __m256i r3 = load32(lines[3], flips);
    const __m256i low01 = _mm256_unpacklo_epi8(r0, r1);
    const __m256i low23 = _mm256_unpacklo_epi8(r2, r3);
    const __m256i high01 = _mm256_unpackhi_epi8(r0, r1);
    const __m256i high23 = _mm256_unpackhi_epi8(r2, r3);
    // The halves of each are columns j and 16 + j.
    const __m256i w0 = _mm256_unpacklo_epi16(low01, low23);
    const __m256i w1 = _mm256_unpackhi_epi16(low01, low23);
    const __m256i w2 = _mm256_unpacklo_epi16(high01, high23);
    const __m256i w3 = _mm256_unpackhi_epi16(high01, high23);
    auto* out = reinterpret_cast<__m256i*>(to);
    _mm256_storeu_si256(out, _mm256_permute2x128_si256(w0, w1, 0x20));
    _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(w2, w3, 0x20));
    _mm256_storeu_si256(out + 2, _mm256_permute2x128_si256(w0, w1, 0x31));
    _mm256_storeu_si256(out + 3, _mm256_permute2x128_si256(w2, w3, 0x31));
  }
  /// Bytes of two lines as pairs of 16 bits.
  static Vector load_pairs(const std::uint8_t* first, const std::uint8_t* second, __m128i flip) {
    const __m128i a = load16(first, flip);
    const __m128i b = load16(second, flip);
    return _mm512_cvtepu8_epi16(_mm256_set_m128i(_mm_unpackhi_epi8(a, b), _mm_unpacklo_epi8(a, b)));
  }
  static Vector multiply_pairs(Vector a, Vector b) { return _mm512_madd_epi16(a, b); }

  /// Each quarter of a vector gets the 16 bytes that its four windows begin with, whose taps are
  /// then put together by one shuffle for all quarters.
  static void lines(const ByteLines& w) {
    const Vector flip = _mm512_set1_epi8(static_cast<char>(w.flip));
    const Vector start = broadcast(&w.start);
    const Vector quarters = w.stride == 1
                                ? _mm512_setr_epi32(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6)
                                : _mm512_setr_epi32(0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9);
    for (Index line = 0; line < w.line_count; ++line) {
      std::int32_t* sums = w.sums + line * w.count;
      for (Index at = 0; at < w.count; at += width) {
        const std::uint8_t* data = w.data + w.lines[line] + at * w.stride;
        Vector sum = start;
        for (Index g = 0; g < w.tap_groups; ++g) {
          const ByteTaps& taps = w.taps[g];
          const Vector bytes = _mm512_permutexvar_epi32(
              quarters, _mm512_xor_si512(_mm512_loadu_si512(data + taps.offset), flip));
          const Vector order = _mm512_broadcast_i32x4(
              _mm_loadu_si128(reinterpret_cast<const __m128i*>(taps.shuffle)));
          sum = multiply_add(sum, _mm512_shuffle_epi8(bytes, order), broadcast(taps.weights));
        }
        _mm512_storeu_si512(sums + at, sum);
      }
    }
  }

  // 28 accumulators, 2 columns, 1 row: lines of 14, 28, 56 and 112 positions are whole tiles.
  static constexpr Index in_place_rows = 14;
  static void tile_in_place(const InPlaceTile& t) { InPlaceTiles<Vnni>::tile(t); }

  /// VNNI has one or two products per cycle, so nothing but masks stands beside them: each of four
  /// products takes in the codes of one more column where they stand in the byte. The differences
  /// of their sums are those of the columns, 4, 16 and 64 times too great.
  static void ternary(const std::int8_t* x, Index groups, const std::byte* panel,
                      std::int32_t* sums) {
    // So many groups do not leave i32: a byte is at most 170, x at most 128, and a group has four.
    constexpr Index block = 16384;
    for (Index i = 0; i < 8; ++i) _mm512_storeu_si512(sums + i * 16, zero());
    for (Index g = 0; g < groups; g += block) {
      const Index here = groups - g < block ? groups - g : block;
      ternary_block(x + g * 4, here, panel + g * 128, sums);
    }
  }

 private:
  using TernarySums =
      Vector[2][4];  // of each half of the columns, as each of the four masks has it

  static void add_ternary_group(const std::int8_t* x, const std::byte* panel, TernarySums& acc) {
    const Vector row = broadcast(x);
    const Vector masks[3] = {_mm512_set1_epi8(3), _mm512_set1_epi8(15), _mm512_set1_epi8(63)};
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      prefetch(panel + ternary_ahead + h * 64);
      const Vector codes = load_b(panel + h * 64);
#pragma GCC unroll 3
      for (int p = 0; p < 3; ++p) {
        acc[h][p] = multiply_add(acc[h][p], _mm512_and_si512(codes, masks[p]), row);
      }
      acc[h][3] = multiply_add(acc[h][3], codes, row);
    }
  }

  /// Two groups in turns have sums of their own, so that none waits for the one before it.
  static void ternary_block(const std::int8_t* x, Index groups, const std::byte* panel,
                            std::int32_t* sums) {
    TernarySums even;
    TernarySums odd;
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) even[h][p] = odd[h][p] = zero();
    }
    Index g = 0;
    for (; g + 2 <= groups; g += 2, x += 8, panel += 256) {
      add_ternary_group(x, panel, even);
      add_ternary_group(x + 4, panel + 128, odd);
    }
    if (g < groups) add_ternary_group(x, panel, even);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h, sums += 64) {
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) even[h][p] = add(even[h][p], odd[h][p]);
      add_to(sums, even[h][0]);
      add_to(sums + 16, _mm512_srai_epi32(subtract(even[h][1], even[h][0]), 2));
      add_to(sums + 32, _mm512_srai_epi32(subtract(even[h][2], even[h][1]), 4));
      add_to(sums + 48, _mm512_srai_epi32(subtract(even[h][3], even[h][2]), 6));
    }
  }
  static void add_to(std::int32_t* sums, Vector part) {
    _mm512_storeu_si512(sums, add(load(sums), part));
  }
};

}  // namespace

const IntegerKernels& integer_kernels_vnni() { return IntegerKernelSet<Vnni>::table; }

}  // namespace isotrace::backends::cpu
