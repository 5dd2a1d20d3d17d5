// Pairs of binary64 numbers, hi + lo with |lo| <= ulp(hi)/2: about 106 bits. Algorithms and
// relative error bounds (u = 2^-53): M. Joldes, J.-M. Muller, V. Popescu, "Tight and rigorous error
// bounds for basic building blocks of double-word arithmetic", ACM TOMS 44(2), 2017. They need
// round to nearest, no contraction and no overflow or underflow of intermediate values, which the
// callers' ranges give: values from 2^-600 to 2^600 or exact zeros.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include <isotrace/reference/math/lane_code.hpp>

namespace isotrace::reference {

struct DoubleDouble {
  double hi;
  double lo;
};

/// a + b exactly; |a| >= |b| or a == 0.
ISOTRACE_PAIRS DoubleDouble quick_two_sum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

/// a + b exactly.
ISOTRACE_PAIRS DoubleDouble two_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  const double a_part = sum - b_part;
  return {sum, (a - a_part) + (b - b_part)};
}

/// a * b exactly.
ISOTRACE_PAIRS DoubleDouble two_product(double a, double b) {
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
}

/// Relative error below 3u^2 / (1 - 4u), also for operands of opposite signs (AccurateDWPlusDW).
ISOTRACE_PAIRS DoubleDouble add(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble high = two_sum(a.hi, b.hi);
  const DoubleDouble low = two_sum(a.lo, b.lo);
  const DoubleDouble sum = quick_two_sum(high.hi, high.lo + low.hi);
  return quick_two_sum(sum.hi, sum.lo + low.lo);
}

/// Relative error at most 2u^2 (DWPlusFP).
ISOTRACE_PAIRS DoubleDouble add(DoubleDouble a, double b) {
  const DoubleDouble sum = two_sum(a.hi, b);
  return quick_two_sum(sum.hi, a.lo + sum.lo);
}

/// Relative error at most 4u^2 (DWTimesDW3).
ISOTRACE_PAIRS DoubleDouble multiply(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble product = two_product(a.hi, b.hi);
  const double cross = std::fma(a.lo, b.hi, std::fma(a.hi, b.lo, a.lo * b.lo));
  return quick_two_sum(product.hi, product.lo + cross);
}

/// Relative error at most 2u^2 (DWTimesFP3).
ISOTRACE_PAIRS DoubleDouble multiply(DoubleDouble a, double b) {
  const DoubleDouble product = two_product(a.hi, b);
  return quick_two_sum(product.hi, std::fma(a.lo, b, product.lo));
}

/// Relative error below 15u^2 (DWDivDW2).
ISOTRACE_PAIRS DoubleDouble divide(DoubleDouble a, DoubleDouble b) {
  const double quotient = a.hi / b.hi;
  const DoubleDouble back = multiply(b, quotient);
  const double rest = (a.hi - back.hi) + (a.lo - back.lo);
  return quick_two_sum(quotient, rest / b.hi);
}

/// Relative error below 4u^2, for a positive number (V. Lefevre, N. Louvet, J.-M. Muller, J. Picot,
/// L. Rideau, "Accurate calculation of Euclidean norms using double-word arithmetic", ACM TOMS
/// 49(1), 2023).
ISOTRACE_PAIRS DoubleDouble square_root(DoubleDouble a) {
  const double root = std::sqrt(a.hi);
  const double rest = std::fma(-root, root, a.hi) + a.lo;
  return quick_two_sum(root, rest / (2 * root));
}

ISOTRACE_PAIRS DoubleDouble negate(DoubleDouble a) { return {-a.hi, -a.lo}; }

/// 2^exponent for exponents of normal binary64 numbers; scaling with it is exact.
ISOTRACE_PAIRS double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}
ISOTRACE_PAIRS DoubleDouble scale(DoubleDouble a, int exponent) {
  const double factor = power_of_two(exponent);
  return {a.hi * factor, a.lo * factor};
}

/// 1/n to 106 bits, for n with at most 25 significant bits. The remainder 1 - hi * n is computed
/// exactly by splitting hi (std::fma is not constexpr).
constexpr DoubleDouble reciprocal(double n) {
  const double hi = 1.0 / n;
  const double split = hi * 0x1.0000002p+27;
  const double upper = split - (split - hi);  // the upper 26 bits
  return {hi, ((1.0 - upper * n) - (hi - upper) * n) / n};
}

/// ln 2 with an error below 2^-109.
ISOTRACE_LANES_TABLE DoubleDouble ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

}  // namespace isotrace::reference
