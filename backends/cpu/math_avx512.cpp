// Array functions, eight arguments at a time. Compiled with -mavx512f and called only where the
// processor has it.
#include <immintrin.h>

#include <isotrace/backends/cpu/math_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Doubles512 {
  using Mask = __mmask8;
  __m512d value;

  Doubles512() = default;
  Doubles512(__m512d x) : value(x) {}                 // NOLINT(google-explicit-constructor)
  Doubles512(double x) : value(_mm512_set1_pd(x)) {}  // NOLINT(google-explicit-constructor)

  friend Doubles512 operator+(Doubles512 a, Doubles512 b) {
    return _mm512_add_pd(a.value, b.value);
  }
  friend Doubles512 operator-(Doubles512 a, Doubles512 b) {
    return _mm512_sub_pd(a.value, b.value);
  }
  friend Doubles512 operator*(Doubles512 a, Doubles512 b) {
    return _mm512_mul_pd(a.value, b.value);
  }
  friend Doubles512 operator/(Doubles512 a, Doubles512 b) {
    return _mm512_div_pd(a.value, b.value);
  }
  friend Mask operator<(Doubles512 a, Doubles512 b) {
    return _mm512_cmp_pd_mask(a.value, b.value, _CMP_LT_OQ);
  }
  friend Mask operator<=(Doubles512 a, Doubles512 b) {
    return _mm512_cmp_pd_mask(a.value, b.value, _CMP_LE_OQ);
  }
  friend Mask operator==(Doubles512 a, Doubles512 b) {
    return _mm512_cmp_pd_mask(a.value, b.value, _CMP_EQ_OQ);
  }

  static Doubles512 fma(Doubles512 a, Doubles512 b, Doubles512 c) {
    return _mm512_fmadd_pd(a.value, b.value, c.value);
  }
  static Doubles512 sqrt(Doubles512 a) { return _mm512_sqrt_pd(a.value); }
  static Doubles512 abs(Doubles512 a) { return _mm512_abs_pd(a.value); }
  // The second operand is the result if either is NaN.
  static Doubles512 at_most(Doubles512 x, double limit) {
    return _mm512_min_pd(_mm512_set1_pd(limit), x.value);
  }
  static Doubles512 at_least(Doubles512 x, double limit) {
    return _mm512_max_pd(_mm512_set1_pd(limit), x.value);
  }
  static Doubles512 copysign(Doubles512 magnitude, Doubles512 sign) {
    const __m512i sign_bit = _mm512_set1_epi64(INT64_MIN);
    return _mm512_castsi512_pd(  // (sign_bit & sign) | (~sign_bit & magnitude)
        _mm512_ternarylogic_epi64(sign_bit, bits(sign), bits(magnitude), 0xCA));
  }
  static Doubles512 select(Mask mask, Doubles512 a, Doubles512 b) {
    return _mm512_mask_blend_pd(mask, b.value, a.value);
  }
  static Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }

  static __m512i bits(Doubles512 x) { return _mm512_castpd_si512(x.value); }
  static Doubles512 power_of_two(Doubles512 shifted) {
    return _mm512_castsi512_pd(
        _mm512_slli_epi64(_mm512_add_epi64(bits(shifted), _mm512_set1_epi64(1023)), 52));
  }
  static Mask is_odd(Doubles512 shifted) {
    return _mm512_test_epi64_mask(bits(shifted), _mm512_set1_epi64(1));
  }
  static Doubles512 negate_by_bit_1(Doubles512 x, Doubles512 shifted) {
    const __m512i sign =
        _mm512_slli_epi64(_mm512_and_si512(bits(shifted), _mm512_set1_epi64(2)), 62);
    return _mm512_castsi512_pd(_mm512_xor_si512(bits(x), sign));
  }
  static void split(Doubles512 x, Doubles512& exponent, Doubles512& mantissa) {
    const __m512i bias = _mm512_set1_epi64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD);
    const __m512i biased = _mm512_srli_epi64(_mm512_add_epi64(bits(x), bias), 52);
    // A small integer in the lowest bits of 2^52 is that integer more.
    const __m512i shifted = _mm512_or_si512(biased, _mm512_set1_epi64(0x4330000000000000));
    exponent = Doubles512(_mm512_castsi512_pd(shifted)) - (0x1p52 + 1023);
    const __m512i above = _mm512_sub_epi64(biased, _mm512_set1_epi64(1023));
    mantissa = _mm512_castsi512_pd(_mm512_sub_epi64(bits(x), _mm512_slli_epi64(above, 52)));
  }

  /// Columns, so that a permutation of two registers looks up a coefficient of every lane.
  template <std::size_t columns>
  struct Columns {
    double column[columns][16];
  };
  template <std::size_t columns>
  static constexpr Columns<columns> transpose(const double (&table)[16][columns]) {
    Columns<columns> result{};
    for (std::size_t i = 0; i < columns; ++i) {
      for (std::size_t k = 0; k < 16; ++k) result.column[i][k] = table[k][i];
    }
    return result;
  }
  template <std::size_t columns>
  static void load_row(const double (&)[16][columns], Doubles512 shifted,
                       Doubles512 (&row)[columns]) {
    static constexpr Columns<columns> table = transpose(reference::erf_coefficients);
    for (std::size_t i = 0; i < columns; ++i) {
      row[i] = _mm512_permutex2var_pd(_mm512_loadu_pd(table.column[i]), bits(shifted),
                                      _mm512_loadu_pd(table.column[i] + 8));
    }
  }
};

struct Floats256 {
  __m256 value;

  Floats256(__m256 x) : value(x) {}  // NOLINT(google-explicit-constructor)
  friend Floats256 operator+(Floats256 a, Floats256 b) { return _mm256_add_ps(a.value, b.value); }
  friend Floats256 operator*(Floats256 a, Floats256 b) { return _mm256_mul_ps(a.value, b.value); }
  friend Floats256 operator/(Floats256 a, Floats256 b) { return _mm256_div_ps(a.value, b.value); }
};

struct Avx512 {
  using Doubles = Doubles512;
  using Floats = Floats256;
  static constexpr std::size_t lanes = 8;

  static Floats load(const float* x) { return _mm256_loadu_ps(x); }
  static void store(float* y, Floats x) { _mm256_storeu_ps(y, x.value); }
  static Floats fill(float x) { return _mm256_set1_ps(x); }
  static Doubles widen(Floats x) { return _mm512_cvtps_pd(x.value); }
  static Floats narrow(Doubles x) { return _mm512_cvtpd_ps(x.value); }
  static Floats sqrt(Floats x) { return _mm256_sqrt_ps(x.value); }
  static Floats minus(Floats x) { return _mm256_xor_ps(x.value, _mm256_set1_ps(-0.0F)); }
  static Floats magnitude(Floats x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x.value); }
  static Floats canonical(Floats x) {
    const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FC00000));
    return _mm256_blendv_ps(x.value, nan, _mm256_cmp_ps(x.value, x.value, _CMP_UNORD_Q));
  }
  static unsigned doubtful(Floats a, Floats b, Doubles::Mask domain) {
    const __m256 differ = _mm256_cmp_ps(a.value, b.value, _CMP_NEQ_UQ);
    return static_cast<unsigned>(_mm256_movemask_ps(differ)) | (~unsigned{domain} & 0xFF);
  }
};

}  // namespace

const MathFunctions& math_avx512() {
  static constexpr MathFunctions functions = ArrayMath<Avx512>::functions();
  return functions;
}

}  // namespace isotrace::backends::cpu
