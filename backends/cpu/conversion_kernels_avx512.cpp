// AVX-512 F: 16 lanes; what is left over at the end is masked.
#include <immintrin.h>

#include <isotrace/backends/cpu/conversion_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Avx512 {
  using Floats = __m512;
  using Integers = __m512i;
  using Mask = __mmask16;
  static constexpr Index width = 16;
  static constexpr int nearest_even = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

  static Mask first(Index n) { return static_cast<Mask>((1U << n) - 1U); }

  static Floats broadcast(float value) { return _mm512_set1_ps(value); }
  static Integers broadcast_integer(std::int32_t value) { return _mm512_set1_epi32(value); }
  static Floats load(const float* from, Index n) { return _mm512_maskz_loadu_ps(first(n), from); }
  static Integers load(const std::int32_t* from, Index n) {
    return _mm512_maskz_loadu_epi32(first(n), from);
  }
  static void store(float* to, Floats value, Index n) {
    _mm512_mask_storeu_ps(to, first(n), value);
  }
  static void store(std::int32_t* to, Integers value, Index n) {
    _mm512_mask_storeu_epi32(to, first(n), value);
  }

  /// Masks of bytes need more than AVX-512 F, so a rest goes through a buffer.
  static __m128i load_bytes(const std::uint8_t* from, Index n) {
    if (n == width) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    std::uint8_t bytes[width] = {};
    for (Index i = 0; i < n; ++i) bytes[i] = from[i];
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  }
  static __m256i load_halves(const std::uint16_t* from, Index n) {
    if (n == width) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    std::uint16_t halves[width] = {};
    for (Index i = 0; i < n; ++i) halves[i] = from[i];
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves));
  }
  static void store_bytes(std::uint8_t* to, Integers value, Index n) {
    _mm512_mask_cvtepi32_storeu_epi8(to, first(n), value);
  }
  static void store_halves(std::uint16_t* to, Integers value, Index n) {
    _mm512_mask_cvtepi32_storeu_epi16(to, first(n), value);
  }

  static Integers load_u8(const std::uint8_t* from, Index n) {
    return _mm512_cvtepu8_epi32(load_bytes(from, n));
  }
  static Integers load_i8(const std::uint8_t* from, Index n) {
    return _mm512_cvtepi8_epi32(load_bytes(from, n));
  }
  static Integers load_u16(const std::uint16_t* from, Index n) {
    return _mm512_cvtepu16_epi32(load_halves(from, n));
  }
  static Integers load_i16(const std::uint16_t* from, Index n) {
    return _mm512_cvtepi16_epi32(load_halves(from, n));
  }
  static Floats load_f16(const std::uint16_t* from, Index n) {
    return _mm512_cvtph_ps(load_halves(from, n));
  }
  static Floats load_bf16(const std::uint16_t* from, Index n) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(load_u16(from, n), 16));
  }
  static void store_f16(std::uint16_t* to, Floats value, Index n) {
    const __m256i halves = _mm512_cvtps_ph(value, nearest_even);
    if (n == width) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), halves);
    store_halves(to, _mm512_cvtepu16_epi32(halves), n);
  }
  /// Half of the last bit kept is added, less one where that bit is 0: ties go to even.
  static void store_bf16(std::uint16_t* to, Floats value, Index n) {
    const Integers bits = _mm512_castps_si512(value);
    const Integers odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), broadcast_integer(1));
    const Integers rounded = add(bits, add(odd, broadcast_integer(0x7FFF)));
    const Mask nan = nan_lanes(value);
    store_halves(to, _mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, bits), 16), n);
  }

  static Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats divide(Floats a, Floats b) { return _mm512_div_ps(a, b); }
  static Floats subtract(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static Floats min(Floats a, Floats b) { return _mm512_min_ps(a, b); }
  static Floats max(Floats a, Floats b) { return _mm512_max_ps(a, b); }
  static Integers add(Integers a, Integers b) { return _mm512_add_epi32(a, b); }
  static Integers subtract(Integers a, Integers b) { return _mm512_sub_epi32(a, b); }
  static Floats to_floats(Integers value) { return _mm512_cvtepi32_ps(value); }
  static Integers nearest(Floats value) { return _mm512_cvtps_epi32(value); }
  static Integers truncate(Floats value) { return _mm512_cvttps_epi32(value); }
  /// Truncated; what is too small already gives the least integer.
  static Integers saturate(Floats value) {
    const Mask above = _mm512_cmp_ps_mask(value, broadcast(0x1p31F), _CMP_GE_OQ);
    return _mm512_mask_mov_epi32(truncate(value), above, broadcast_integer(0x7FFFFFFF));
  }
  static Integers is_nonzero(Floats value) {
    return _mm512_maskz_mov_epi32(_mm512_cmp_ps_mask(value, broadcast(0.0F), _CMP_NEQ_UQ),
                                  broadcast_integer(1));
  }
  static Mask nan_lanes(Floats value) { return _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q); }
  static Mask either(Mask a, Mask b) { return static_cast<Mask>(a | b); }
  static bool any(Mask mask) { return mask != 0; }
  static Floats zero_if_nan(Floats value) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(value, value, _CMP_ORD_Q), value);
  }
  static Floats canonical(Floats value) {
    return _mm512_mask_mov_ps(value, nan_lanes(value),
                              _mm512_castsi512_ps(broadcast_integer(0x7FC00000)));
  }
};

}  // namespace

const ConversionKernels& conversion_kernels_avx512() {
  static constexpr ConversionKernels table = ConversionKernelSet<Avx512>::make();
  return table;
}

}  // namespace isotrace::backends::cpu
