// AVX2 and F16C: 8 lanes; what is left over at the end goes through a buffer.
#include <immintrin.h>

#include <isotrace/backends/cpu/conversion_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Avx2 {
  using Floats = __m256;
  using Integers = __m256i;
  using Mask = __m256;  // all bits of a lane
  static constexpr Index width = 8;
  static constexpr int nearest_even = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

  static Integers first(Index n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
  }

  static Floats broadcast(float value) { return _mm256_set1_ps(value); }
  static Integers broadcast_integer(std::int32_t value) { return _mm256_set1_epi32(value); }
  static Floats load(const float* from, Index n) {
    return n == width ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first(n));
  }
  static Integers load(const std::int32_t* from, Index n) {
    return n == width ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))
                      : _mm256_maskload_epi32(from, first(n));
  }
  static void store(float* to, Floats value, Index n) {
    if (n == width) return _mm256_storeu_ps(to, value);
    _mm256_maskstore_ps(to, first(n), value);
  }
  static void store(std::int32_t* to, Integers value, Index n) {
    if (n == width) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
    _mm256_maskstore_epi32(to, first(n), value);
  }

  static __m128i load_bytes(const std::uint8_t* from, Index n) {
    if (n == width) return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    std::uint8_t bytes[width] = {};
    for (Index i = 0; i < n; ++i) bytes[i] = from[i];
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes));
  }
  static __m128i load_halves(const std::uint16_t* from, Index n) {
    if (n == width) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    std::uint16_t halves[width] = {};
    for (Index i = 0; i < n; ++i) halves[i] = from[i];
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves));
  }
  static void store_all_halves(std::uint16_t* to, __m128i halves, Index n) {
    if (n == width) return _mm_storeu_si128(reinterpret_cast<__m128i*>(to), halves);
    std::uint16_t buffer[width];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(buffer), halves);
    for (Index i = 0; i < n; ++i) to[i] = buffer[i];
  }
  /// The low 16 bits of each lane: nothing is left for the instruction to saturate.
  static __m128i low_halves(Integers value) {
    const Integers low = _mm256_and_si256(value, broadcast_integer(0xFFFF));
    const Integers packed = _mm256_packus_epi32(low, low);
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
  }
  static void store_halves(std::uint16_t* to, Integers value, Index n) {
    store_all_halves(to, low_halves(value), n);
  }
  static void store_bytes(std::uint8_t* to, Integers value, Index n) {
    const __m128i low = low_halves(_mm256_and_si256(value, broadcast_integer(0xFF)));
    const __m128i bytes = _mm_packus_epi16(low, low);
    if (n == width) return _mm_storel_epi64(reinterpret_cast<__m128i*>(to), bytes);
    std::uint8_t buffer[width];
    _mm_storel_epi64(reinterpret_cast<__m128i*>(buffer), bytes);
    for (Index i = 0; i < n; ++i) to[i] = buffer[i];
  }

  static Integers load_u8(const std::uint8_t* from, Index n) {
    return _mm256_cvtepu8_epi32(load_bytes(from, n));
  }
  static Integers load_i8(const std::uint8_t* from, Index n) {
    return _mm256_cvtepi8_epi32(load_bytes(from, n));
  }
  static Integers load_u16(const std::uint16_t* from, Index n) {
    return _mm256_cvtepu16_epi32(load_halves(from, n));
  }
  static Integers load_i16(const std::uint16_t* from, Index n) {
    return _mm256_cvtepi16_epi32(load_halves(from, n));
  }
  static Floats load_f16(const std::uint16_t* from, Index n) {
    return _mm256_cvtph_ps(load_halves(from, n));
  }
  static Floats load_bf16(const std::uint16_t* from, Index n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(load_u16(from, n), 16));
  }
  static void store_f16(std::uint16_t* to, Floats value, Index n) {
    store_all_halves(to, _mm256_cvtps_ph(value, nearest_even), n);
  }
  /// Half of the last bit kept is added, less one where that bit is 0: ties go to even.
  static void store_bf16(std::uint16_t* to, Floats value, Index n) {
    const Integers bits = _mm256_castps_si256(value);
    const Integers odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), broadcast_integer(1));
    const Integers rounded = add(bits, add(odd, broadcast_integer(0x7FFF)));
    const Floats kept = _mm256_blendv_ps(_mm256_castsi256_ps(rounded), value, nan_lanes(value));
    store_halves(to, _mm256_srli_epi32(_mm256_castps_si256(kept), 16), n);
  }

  static Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats divide(Floats a, Floats b) { return _mm256_div_ps(a, b); }
  static Floats subtract(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
  static Floats min(Floats a, Floats b) { return _mm256_min_ps(a, b); }
  static Floats max(Floats a, Floats b) { return _mm256_max_ps(a, b); }
  static Integers add(Integers a, Integers b) { return _mm256_add_epi32(a, b); }
  static Integers subtract(Integers a, Integers b) { return _mm256_sub_epi32(a, b); }
  static Floats to_floats(Integers value) { return _mm256_cvtepi32_ps(value); }
  static Integers nearest(Floats value) { return _mm256_cvtps_epi32(value); }
  static Integers truncate(Floats value) { return _mm256_cvttps_epi32(value); }
  /// Truncated; what is too small already gives the least integer.
  static Integers saturate(Floats value) {
    const Floats above = _mm256_cmp_ps(value, broadcast(0x1p31F), _CMP_GE_OQ);
    const Floats greatest = _mm256_castsi256_ps(broadcast_integer(0x7FFFFFFF));
    return _mm256_castps_si256(
        _mm256_blendv_ps(_mm256_castsi256_ps(truncate(value)), greatest, above));
  }
  static Integers is_nonzero(Floats value) {
    const Floats nonzero = _mm256_cmp_ps(value, broadcast(0.0F), _CMP_NEQ_UQ);
    return _mm256_and_si256(_mm256_castps_si256(nonzero), broadcast_integer(1));
  }
  static Mask nan_lanes(Floats value) { return _mm256_cmp_ps(value, value, _CMP_UNORD_Q); }
  static Mask either(Mask a, Mask b) { return _mm256_or_ps(a, b); }
  static bool any(Mask mask) { return _mm256_movemask_ps(mask) != 0; }
  static Floats zero_if_nan(Floats value) {
    return _mm256_and_ps(value, _mm256_cmp_ps(value, value, _CMP_ORD_Q));
  }
  static Floats canonical(Floats value) {
    return _mm256_blendv_ps(value, _mm256_castsi256_ps(broadcast_integer(0x7FC00000)),
                            nan_lanes(value));
  }
};

}  // namespace

const ConversionKernels& conversion_kernels_avx2() {
  static constexpr ConversionKernels table = ConversionKernelSet<Avx2>::make();
  return table;
}

}  // namespace isotrace::backends::cpu
