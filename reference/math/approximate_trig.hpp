// Sine, cosine and tangent (lanes.hpp).
#pragma once

#include <isotrace/reference/math/lanes.hpp>

namespace isotrace::reference {
namespace {

/// sin r and cos r.
template <class V>
struct SinCos {
  V sine, cosine;
};
/// The terms left out are below 2^-49 of the sums for |r| <= pi/4.
ISOTRACE_LANES_TABLE double sine_coefficients[] = {
    -1.0 / 6,        1.0 / 120,        -1.0 / 5040,         1.0 / 362880,
    -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000};
ISOTRACE_LANES_TABLE double cosine_coefficients[] = {
    -1.0 / 2,       1.0 / 24,        -1.0 / 720,         1.0 / 40320,
    -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000};
template <class Grade, class V>
ISOTRACE_LANES SinCos<V> sincos_reduced(V r) {
  const V z = r * r;
  const V sine = Grade::polynomial(z, sine_quick_coefficients, sine_coefficients);
  const V cosine = Grade::polynomial(z, cosine_quick_coefficients, cosine_coefficients);
  return {r * V::fma(z, sine, 1.0), V::fma(z, cosine, 1.0)};  // of -0 too
}

/// x = n pi/2 + r; `shifted` holds n (modulo 4 it is the quadrant).
template <class V>
struct Angle {
  V r, shifted;
};

/// For |x| < 2^20. The first two parts of pi/2 have 33 bits, so n times each is exact, and x minus
/// the first product too; no binary32 number below 2^20 is nearer to a multiple of pi/2 than 2^-30.
constexpr double small_angle = 0x1p20;
template <class V>
ISOTRACE_LANES Angle<V> reduce_small_angle(Fine, V x) {
  const V shifted = V::fma(x, 0x1.45f306dc9c883p-1, integer_shift);
  const V n = shifted - integer_shift;
  const V high = V::fma(n, -0x1.921fb54400000p+0, x);
  const V middle = V::fma(n, -0x1.0b4611a600000p-34, high);
  return {V::fma(n, -0x1.3198a2e037073p-69, middle), shifted};
}

/// The same with the last two parts in one: it is off by less than 2^-87, and n times that is below
/// 2^-67.
template <class V>
ISOTRACE_LANES Angle<V> reduce_small_angle(Quick, V x) {
  const V shifted = V::fma(x, 0x1.45f306dc9c883p-1, integer_shift);
  const V n = shifted - integer_shift;
  const V high = V::fma(n, -0x1.921fb54400000p+0, x);
  return {V::fma(n, -0x1.0b4611a626331p-34, high), shifted};
}

/// The bits of 2/pi that decide x * 2/pi modulo 4 for 2^e <= |x| < 2^(e+1), in row e: those before
/// contribute multiples of 4, those behind less than 2^-85. So few in each number that its product
/// with an x of 24 bits is exact.
struct TurnBits {
  double row[128][4];
};
ISOTRACE_LANES_TABLE TurnBits turn_bits = [] {
  constexpr int first_bit[] = {0, 28, 55, 83, 111};
  TurnBits table{};
  for (int exponent = 0; exponent < 128; ++exponent) {
    double weight = 1;  // of bit 0, the one before the binary point
    for (int i = exponent - 24; i > 0; --i) weight /= 2;
    for (int i = exponent - 24; i < 0; ++i) weight *= 2;
    for (int part = 0; part < 4; ++part) {
      for (int i = first_bit[part]; i < first_bit[part + 1]; ++i, weight /= 2) {
        const int bit = exponent - 24 + i - 1;  // in two_over_pi
        if (bit < 0 || (two_over_pi[bit / 64] >> (63 - bit % 64) & 1) == 0) continue;
        table.row[exponent][part] += weight;
      }
    }
  }
  return table;
}();

/// For |x| >= 1 (M. Payne, R. Hanek, "Radian reduction for trigonometric functions", SIGNUM
/// Newsletter 18(1), 1983). In quarter turns the products are below 2^26, 2^-2, 2^-29 and 2^-57,
/// and the second is a multiple of 2^-53, so the sum with the fraction of the first is exact. The
/// error is below 2^-80; no binary32 number from 1 on is nearer than 2^-30 to a whole one.
template <class V>
ISOTRACE_LANES Angle<V> reduce_large_angle(V x) {
  const V first = x * V::template by_exponent<0>(turn_bits.row, x);
  const V shifted = first + integer_shift;
  const V sum =
      (first - (shifted - integer_shift)) + x * V::template by_exponent<1>(turn_bits.row, x);
  const V more = (sum + integer_shift) - integer_shift;  // the sum may be above 1/2
  const V rest = V::fma(x, V::template by_exponent<2>(turn_bits.row, x),
                        x * V::template by_exponent<3>(turn_bits.row, x));
  return {((sum - more) + rest) * (pi_value / 2), shifted + more};
}

template <class V>
ISOTRACE_LANES Angle<V> reduce_any_angle(V x) {
  const auto is_small = V::abs(x) < V(small_angle);
  const Angle<V> large = reduce_large_angle(x);
  if (!V::any(is_small)) return large;
  const Angle<V> small = reduce_small_angle(Fine(), x);
  return {V::select(is_small, small.r, large.r), V::select(is_small, small.shifted, large.shifted)};
}

template <class Grade, class V>
ISOTRACE_LANES Angle<V> reduce_angle(V x) {
  if (V::all(V::abs(x) < V(small_angle))) [[likely]]
    return reduce_small_angle(Grade(), x);
  return reduce_any_angle(x);
}

/// The sine of the angle + `quarters` pi/2.
template <class Grade, class V>
ISOTRACE_LANES V sine_of(V x, double quarters) {
  const Angle<V> angle = reduce_angle<Grade>(x);
  const V shifted = angle.shifted + quarters;
  const SinCos<V> both = sincos_reduced<Grade>(angle.r);
  return V::negate_by_bit_1(V::select(V::is_odd(shifted), both.cosine, both.sine), shifted);
}

struct FiniteAngle {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return V::abs(x) < V(0x1p200);
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V) {
    return not_a_number;
  }
};

struct Sin : FiniteAngle {
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    return sine_of<Grade>(x, 0.0);
  }
};

struct Cos : FiniteAngle {
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    return sine_of<Grade>(x, 1.0);
  }
};

struct Tan : FiniteAngle {
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const Angle<V> angle = reduce_angle<Grade>(x);
    const SinCos<V> both = sincos_reduced<Grade>(angle.r);
    const auto odd = V::is_odd(angle.shifted);
    return V::select(odd, V(0.0) - both.cosine, both.sine) / V::select(odd, both.sine, both.cosine);
  }
};

}  // namespace
}  // namespace isotrace::reference
