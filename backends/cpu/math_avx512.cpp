// Array functions, eight arguments at a time. Compiled with -mavx512f and called only where the
// processor has it.
#include <immintrin.h>

#include <isotrace/backends/cpu/math_kernels_template.hpp>
#include <isotrace/backends/cpu/math_pack_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Doubles512 : DoublesPack<Doubles512, 8> {
  using DoublesPack::DoublesPack;
  using Mask = __mmask8;

  friend Mask operator<(Doubles512 a, Doubles512 b) {
    return _mm512_cmp_pd_mask(a.value, b.value, _CMP_LT_OQ);
  }
  friend Mask operator<=(Doubles512 a, Doubles512 b) {
    return _mm512_cmp_pd_mask(a.value, b.value, _CMP_LE_OQ);
  }
  friend Mask operator==(Doubles512 a, Doubles512 b) {
    return _mm512_cmp_pd_mask(a.value, b.value, _CMP_EQ_OQ);
  }

  static __m512d fill(double x) { return _mm512_set1_pd(x); }
  static Doubles512 fma(Doubles512 a, Doubles512 b, Doubles512 c) {
    return _mm512_fmadd_pd(a.value, b.value, c.value);
  }
  static Doubles512 sqrt(Doubles512 a) { return _mm512_sqrt_pd(a.value); }
  // The second operand is the result if either is NaN.
  static Doubles512 at_most(Doubles512 x, double limit) {
    return _mm512_min_pd(fill(limit), x.value);
  }
  static Doubles512 at_least(Doubles512 x, double limit) {
    return _mm512_max_pd(fill(limit), x.value);
  }

  static Doubles512 select(Mask mask, Doubles512 a, Doubles512 b) {
    return _mm512_mask_blend_pd(mask, b.value, a.value);
  }
  static Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
  static Mask either(Mask a, Mask b) { return static_cast<Mask>(a | b); }
  static unsigned lanes_of(Mask mask) { return mask; }
  static bool all(Mask mask) { return mask == 0xFF; }
  static bool any(Mask mask) { return mask != 0; }
  static Mask is_odd(Doubles512 shifted) { return test(bits(shifted), 1); }
  static Mask is_clear(Doubles512 x, unsigned long long window) {
    return test(above_half_way(x, window), clearance_mask(window));
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
  template <const auto& table, std::size_t columns>
  static void load_row(Doubles512 shifted, Doubles512 (&row)[columns]) {
    alignas(64) static constexpr Columns<columns> transposed = transpose(table);
    for (std::size_t i = 0; i < columns; ++i) {
      row[i] = _mm512_permutex2var_pd(_mm512_load_pd(transposed.column[i]),
                                      reinterpret_cast<__m512i>(bits(shifted)),
                                      _mm512_load_pd(transposed.column[i] + 8));
    }
  }
  /// The rows of all lanes, transposed; what several columns share is computed once.
  template <std::size_t i>
  static Doubles512 by_exponent(const double (&table)[128][4], Doubles512 x) {
    const Bits row = ((bits(x) >> 52) - 1023) & 127;
    const auto lanes = [&](int low, int high) __attribute__((always_inline)) {
      return _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_loadu_pd(table[row[low]])),
                                _mm256_loadu_pd(table[row[high]]), 1);
    };
    const auto pairs = [](__m512d a, __m512d b) __attribute__((always_inline)) {
      return i % 2 == 0 ? _mm512_unpacklo_pd(a, b) : _mm512_unpackhi_pd(a, b);
    };
    return _mm512_shuffle_f64x2(pairs(lanes(0, 2), lanes(1, 3)), pairs(lanes(4, 6), lanes(5, 7)),
                                i / 2 == 0 ? 0x88 : 0xDD);
  }

 private:
  /// Lanes that have a bit of the mask.
  static Mask test(Bits x, unsigned long long mask) {
    return _mm512_test_epi64_mask(reinterpret_cast<__m512i>(x),
                                  _mm512_set1_epi64(static_cast<long long>(mask)));
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
  static Floats fma(Floats a, Floats b, Floats c) {
    return _mm256_fmadd_ps(a.value, b.value, c.value);
  }
  static Floats sqrt(Floats x) { return _mm256_sqrt_ps(x.value); }
  static Floats minus(Floats x) { return _mm256_xor_ps(x.value, _mm256_set1_ps(-0.0F)); }
  static Floats magnitude(Floats x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x.value); }
  static Floats canonical(Floats x) {
    const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FC00000));
    return _mm256_blendv_ps(x.value, nan, _mm256_cmp_ps(x.value, x.value, _CMP_UNORD_Q));
  }
  static unsigned differ(Floats a, Floats b) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a.value, b.value, _CMP_NEQ_UQ)));
  }
};

}  // namespace

const MathFunctions& math_avx512() {
  static constexpr MathFunctions functions = ArrayMath<Avx512>::functions();
  return functions;
}

}  // namespace isotrace::backends::cpu
