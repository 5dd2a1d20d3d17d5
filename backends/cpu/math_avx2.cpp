// Array functions, four arguments at a time. Compiled with -mavx2 -mfma and called only where the
// processor has both.
#include <immintrin.h>

#include <isotrace/backends/cpu/math_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Doubles256 {
  struct Mask {
    __m256d value;
  };
  __m256d value;

  Doubles256() = default;
  Doubles256(__m256d x) : value(x) {}                 // NOLINT(google-explicit-constructor)
  Doubles256(double x) : value(_mm256_set1_pd(x)) {}  // NOLINT(google-explicit-constructor)

  friend Doubles256 operator+(Doubles256 a, Doubles256 b) {
    return _mm256_add_pd(a.value, b.value);
  }
  friend Doubles256 operator-(Doubles256 a, Doubles256 b) {
    return _mm256_sub_pd(a.value, b.value);
  }
  friend Doubles256 operator*(Doubles256 a, Doubles256 b) {
    return _mm256_mul_pd(a.value, b.value);
  }
  friend Doubles256 operator/(Doubles256 a, Doubles256 b) {
    return _mm256_div_pd(a.value, b.value);
  }
  friend Mask operator<(Doubles256 a, Doubles256 b) {
    return {_mm256_cmp_pd(a.value, b.value, _CMP_LT_OQ)};
  }
  friend Mask operator<=(Doubles256 a, Doubles256 b) {
    return {_mm256_cmp_pd(a.value, b.value, _CMP_LE_OQ)};
  }
  friend Mask operator==(Doubles256 a, Doubles256 b) {
    return {_mm256_cmp_pd(a.value, b.value, _CMP_EQ_OQ)};
  }

  static Doubles256 fma(Doubles256 a, Doubles256 b, Doubles256 c) {
    return _mm256_fmadd_pd(a.value, b.value, c.value);
  }
  static Doubles256 sqrt(Doubles256 a) { return _mm256_sqrt_pd(a.value); }
  static Doubles256 abs(Doubles256 a) { return _mm256_andnot_pd(sign_bit(), a.value); }
  // The second operand is the result if either is NaN.
  static Doubles256 at_most(Doubles256 x, double limit) {
    return _mm256_min_pd(_mm256_set1_pd(limit), x.value);
  }
  static Doubles256 at_least(Doubles256 x, double limit) {
    return _mm256_max_pd(_mm256_set1_pd(limit), x.value);
  }
  static Doubles256 copysign(Doubles256 magnitude, Doubles256 sign) {
    return _mm256_or_pd(_mm256_and_pd(sign_bit(), sign.value), abs(magnitude).value);
  }
  static Doubles256 select(Mask mask, Doubles256 a, Doubles256 b) {
    return _mm256_blendv_pd(b.value, a.value, mask.value);
  }
  static Mask both(Mask a, Mask b) { return {_mm256_and_pd(a.value, b.value)}; }

  static __m256d sign_bit() { return _mm256_set1_pd(-0.0); }
  static __m256i bits(Doubles256 x) { return _mm256_castpd_si256(x.value); }
  static Doubles256 power_of_two(Doubles256 shifted) {
    return _mm256_castsi256_pd(
        _mm256_slli_epi64(_mm256_add_epi64(bits(shifted), _mm256_set1_epi64x(1023)), 52));
  }
  /// select() looks at the sign bit alone.
  static Mask is_odd(Doubles256 shifted) {
    return {_mm256_castsi256_pd(_mm256_slli_epi64(bits(shifted), 63))};
  }
  static Doubles256 negate_by_bit_1(Doubles256 x, Doubles256 shifted) {
    const __m256i sign = _mm256_slli_epi64(_mm256_srli_epi64(bits(shifted), 1), 63);
    return _mm256_castsi256_pd(_mm256_xor_si256(bits(x), sign));
  }
  static void split(Doubles256 x, Doubles256& exponent, Doubles256& mantissa) {
    const __m256i bias = _mm256_set1_epi64x(0x3FF0000000000000 - 0x3FE6A09E667F3BCD);
    const __m256i biased = _mm256_srli_epi64(_mm256_add_epi64(bits(x), bias), 52);
    // A small integer in the lowest bits of 2^52 is that integer more.
    const __m256i shifted = _mm256_or_si256(biased, _mm256_set1_epi64x(0x4330000000000000));
    exponent = Doubles256(_mm256_castsi256_pd(shifted)) - (0x1p52 + 1023);
    const __m256i above = _mm256_sub_epi64(biased, _mm256_set1_epi64x(1023));
    mantissa = _mm256_castsi256_pd(_mm256_sub_epi64(bits(x), _mm256_slli_epi64(above, 52)));
  }

  /// Two neighbouring coefficients of every lane at a time, then put in order.
  template <std::size_t columns>
  static void load_row(const double (&table)[16][columns], Doubles256 shifted,
                       Doubles256 (&row)[columns]) {
    static_assert(columns % 2 == 0);
    const __m256i index = _mm256_and_si256(bits(shifted), _mm256_set1_epi64x(15));
    const double* lane[4] = {
        table[_mm256_extract_epi64(index, 0)], table[_mm256_extract_epi64(index, 1)],
        table[_mm256_extract_epi64(index, 2)], table[_mm256_extract_epi64(index, 3)]};
    for (std::size_t i = 0; i < columns; i += 2) {
      const __m256d even_lanes = _mm256_insertf128_pd(
          _mm256_castpd128_pd256(_mm_loadu_pd(lane[0] + i)), _mm_loadu_pd(lane[2] + i), 1);
      const __m256d odd_lanes = _mm256_insertf128_pd(
          _mm256_castpd128_pd256(_mm_loadu_pd(lane[1] + i)), _mm_loadu_pd(lane[3] + i), 1);
      row[i] = _mm256_unpacklo_pd(even_lanes, odd_lanes);
      row[i + 1] = _mm256_unpackhi_pd(even_lanes, odd_lanes);
    }
  }
};

struct Floats128 {
  __m128 value;

  Floats128(__m128 x) : value(x) {}  // NOLINT(google-explicit-constructor)
  friend Floats128 operator+(Floats128 a, Floats128 b) { return _mm_add_ps(a.value, b.value); }
  friend Floats128 operator*(Floats128 a, Floats128 b) { return _mm_mul_ps(a.value, b.value); }
  friend Floats128 operator/(Floats128 a, Floats128 b) { return _mm_div_ps(a.value, b.value); }
};

struct Avx2 {
  using Doubles = Doubles256;
  using Floats = Floats128;
  static constexpr std::size_t lanes = 4;

  static Floats load(const float* x) { return _mm_loadu_ps(x); }
  static void store(float* y, Floats x) { _mm_storeu_ps(y, x.value); }
  static Floats fill(float x) { return _mm_set1_ps(x); }
  static Doubles widen(Floats x) { return _mm256_cvtps_pd(x.value); }
  static Floats narrow(Doubles x) { return _mm256_cvtpd_ps(x.value); }
  static Floats sqrt(Floats x) { return _mm_sqrt_ps(x.value); }
  static Floats minus(Floats x) { return _mm_xor_ps(x.value, _mm_set1_ps(-0.0F)); }
  static Floats magnitude(Floats x) { return _mm_andnot_ps(_mm_set1_ps(-0.0F), x.value); }
  static Floats canonical(Floats x) {
    const __m128 nan = _mm_castsi128_ps(_mm_set1_epi32(0x7FC00000));
    return _mm_blendv_ps(x.value, nan, _mm_cmp_ps(x.value, x.value, _CMP_UNORD_Q));
  }
  static unsigned doubtful(Floats a, Floats b, Doubles::Mask domain) {
    const __m128 differ = _mm_cmp_ps(a.value, b.value, _CMP_NEQ_UQ);
    return static_cast<unsigned>(_mm_movemask_ps(differ)) |
           (~static_cast<unsigned>(_mm256_movemask_pd(domain.value)) & 0xF);
  }
};

}  // namespace

const MathFunctions& math_avx2() {
  static constexpr MathFunctions functions = ArrayMath<Avx2>::functions();
  return functions;
}

}  // namespace isotrace::backends::cpu
