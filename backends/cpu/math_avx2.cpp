// Array functions, four arguments at a time. Compiled with -mavx2 -mfma and called only where the
// processor has both.
#include <immintrin.h>

#include <isotrace/backends/cpu/math_kernels_template.hpp>
#include <isotrace/backends/cpu/math_pack_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Doubles256 : DoublesPack<Doubles256, 4> {
  using DoublesPack::DoublesPack;
  struct Mask {
    __m256d value;
  };

  friend Mask operator<(Doubles256 a, Doubles256 b) {
    return {_mm256_cmp_pd(a.value, b.value, _CMP_LT_OQ)};
  }
  friend Mask operator<=(Doubles256 a, Doubles256 b) {
    return {_mm256_cmp_pd(a.value, b.value, _CMP_LE_OQ)};
  }
  friend Mask operator==(Doubles256 a, Doubles256 b) {
    return {_mm256_cmp_pd(a.value, b.value, _CMP_EQ_OQ)};
  }

  static __m256d fill(double x) { return _mm256_set1_pd(x); }
  static Doubles256 fma(Doubles256 a, Doubles256 b, Doubles256 c) {
    return _mm256_fmadd_pd(a.value, b.value, c.value);
  }
  static Doubles256 sqrt(Doubles256 a) { return _mm256_sqrt_pd(a.value); }
  // The second operand is the result if either is NaN.
  static Doubles256 at_most(Doubles256 x, double limit) {
    return _mm256_min_pd(fill(limit), x.value);
  }
  static Doubles256 at_least(Doubles256 x, double limit) {
    return _mm256_max_pd(fill(limit), x.value);
  }

  static Doubles256 select(Mask mask, Doubles256 a, Doubles256 b) {
    return _mm256_blendv_pd(b.value, a.value, mask.value);
  }
  static Mask both(Mask a, Mask b) { return {_mm256_and_pd(a.value, b.value)}; }
  static Mask either(Mask a, Mask b) { return {_mm256_or_pd(a.value, b.value)}; }
  static unsigned lanes_of(Mask mask) {
    return static_cast<unsigned>(_mm256_movemask_pd(mask.value));
  }
  static bool all(Mask mask) { return lanes_of(mask) == 0xF; }
  static bool any(Mask mask) { return lanes_of(mask) != 0; }
  /// select() and lanes_of() look at the sign bit alone.
  static Mask is_odd(Doubles256 shifted) {
    return {reinterpret_cast<__m256d>(bits(shifted) << 63)};
  }
  static Mask is_clear(Doubles256 x, unsigned long long window) {
    // What is left is below 2^29, so 0 less it is negative unless it is 0.
    const Bits left = above_half_way(x, window) & clearance_mask(window);
    return {reinterpret_cast<__m256d>(-left)};
  }

  /// Two neighbouring coefficients of every lane at a time, then put in order.
  template <const auto& table, std::size_t columns>
  static void load_row(Doubles256 shifted, Doubles256 (&row)[columns]) {
    static_assert(columns % 2 == 0);
    const Bits index = bits(shifted) & 15;
    const double* lane[4] = {table[index[0]], table[index[1]], table[index[2]], table[index[3]]};
    for (std::size_t i = 0; i < columns; i += 2) {
      const __m256d even_lanes = _mm256_insertf128_pd(
          _mm256_castpd128_pd256(_mm_loadu_pd(lane[0] + i)), _mm_loadu_pd(lane[2] + i), 1);
      const __m256d odd_lanes = _mm256_insertf128_pd(
          _mm256_castpd128_pd256(_mm_loadu_pd(lane[1] + i)), _mm_loadu_pd(lane[3] + i), 1);
      row[i] = _mm256_unpacklo_pd(even_lanes, odd_lanes);
      row[i + 1] = _mm256_unpackhi_pd(even_lanes, odd_lanes);
    }
  }
  template <std::size_t i>
  static Doubles256 by_exponent(const double (&table)[128][4], Doubles256 x) {
    const Bits row = ((bits(x) >> 52) - 1023) & 127;
    return __m256d{table[row[0]][i], table[row[1]][i], table[row[2]][i], table[row[3]][i]};
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
  static Floats fma(Floats a, Floats b, Floats c) {
    return _mm_fmadd_ps(a.value, b.value, c.value);
  }
  static Floats sqrt(Floats x) { return _mm_sqrt_ps(x.value); }
  static Floats minus(Floats x) { return _mm_xor_ps(x.value, _mm_set1_ps(-0.0F)); }
  static Floats magnitude(Floats x) { return _mm_andnot_ps(_mm_set1_ps(-0.0F), x.value); }
  static Floats canonical(Floats x) {
    const __m128 nan = _mm_castsi128_ps(_mm_set1_epi32(0x7FC00000));
    return _mm_blendv_ps(x.value, nan, _mm_cmp_ps(x.value, x.value, _CMP_UNORD_Q));
  }
  static unsigned differ(Floats a, Floats b) {
    return static_cast<unsigned>(_mm_movemask_ps(_mm_cmp_ps(a.value, b.value, _CMP_NEQ_UQ)));
  }
};

}  // namespace

const MathFunctions& math_avx2() {
  static constexpr MathFunctions functions = ArrayMath<Avx2>::functions();
  return functions;
}

}  // namespace isotrace::backends::cpu
