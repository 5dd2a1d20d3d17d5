#include "coq_numbers.hpp"

#include <algorithm>
#include <cmath>

#include <boost/multiprecision/cpp_int.hpp>

namespace isotrace::proofs {

using core::Integer;

std::string coq_number(const Integer& value) {
  return value < 0 ? "(" + value.str() + ")" : value.str();
}

std::string coq_rational(const core::Rational& value) {
  return coq_number(numerator(value)) + " # " + denominator(value).str();
}

Integer denominator_of(const LinearRow& row) {
  Integer common = denominator(row.bound);
  for (const Term& term : row.terms) common = lcm(common, denominator(term.coefficient));
  return common;
}

int fraction_bits(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  return std::max(0, 53 - exponent - __builtin_ctzll(static_cast<unsigned long long>(mantissa)));
}

int coq_scale(const AffineLayer& layer) {
  int scale = 0;
  for (const AffineRow& row : layer.rows) {
    scale = std::max(scale, fraction_bits(row.bias));
    for (const AffineTerm& term : row.terms) scale = std::max(scale, fraction_bits(term.weight));
    for (const AffineTerm& tap : row.taps) scale = std::max(scale, fraction_bits(tap.weight));
  }
  return scale;
}

Integer coq_scaled(double value, int scale) {
  if (value == 0) return 0;
  int exponent = 0;
  const Integer mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  const int shift = exponent - 53 + scale;
  return shift >= 0 ? Integer(mantissa * (Integer(1) << shift))
                    : Integer(mantissa / (Integer(1) << -shift));
}

}  // namespace isotrace::proofs
