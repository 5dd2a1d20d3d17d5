#include <isotrace/smt/exact_floats.hpp>

#include <algorithm>

namespace isotrace::smt {
namespace {

using core::Integer;
using core::Rational;

Rational power_of_two(int exponent) {
  const Integer power = Integer(1) << static_cast<unsigned>(std::abs(exponent));
  return exponent < 0 ? Rational(Integer(1), power) : Rational(power);
}

/// The exponent of the least normal number's last bit.
int least_quantum(FloatFormat format) {
  return 3 - (1 << (format.exponent_bits - 1)) - static_cast<int>(format.precision);
}

/// floor(log2(value)), of a number above 0.
int binary_exponent(const Rational& value) {
  const int guess =
      static_cast<int>(msb(numerator(value))) - static_cast<int>(msb(denominator(value)));
  return value < power_of_two(guess) ? guess - 1 : guess;
}

Integer floor_of(const Rational& value) {
  const Integer n = numerator(value);
  const Integer d = denominator(value);
  const Integer quotient = n / d;  // towards zero
  return n < 0 && quotient * d != n ? Integer(quotient - 1) : quotient;
}

}  // namespace

Integer round_to_integer(const Rational& value, Rounding mode) {
  const Integer below = floor_of(value);
  const Rational rest = value - below;
  if (rest == 0) return below;
  switch (mode) {
    case Rounding::up: return below + 1;
    case Rounding::down: return below;
    case Rounding::to_zero: return value < 0 ? Integer(below + 1) : below;
    case Rounding::nearest_even: break;
  }
  const Rational half(1, 2);
  const bool goes_up = rest > half || (rest == half && below % 2 != 0);
  return goes_up ? Integer(below + 1) : below;
}

ExactFloat ExactFloat::rounded(FloatFormat format, const Rational& value, bool negative_zero) {
  if (value == 0) return special(format, 0, negative_zero);
  const Rational size = value < 0 ? Rational(-value) : value;
  const int last = binary_exponent(size) - static_cast<int>(format.fraction_bits());
  const int quantum = std::max(last, least_quantum(format));
  const Integer digits = round_to_integer(size * power_of_two(-quantum), Rounding::nearest_even);
  // With the hidden bit added instead of left out, each step of the exponent is one more carry: of
  // subnormal numbers it is 0 both times.
  const Integer steps = quantum - least_quantum(format);
  const Integer magnitude = (steps << format.fraction_bits()) + digits;
  const bool overflows = magnitude >= format.infinity();
  return special(format, overflows ? format.infinity() : static_cast<std::uint64_t>(magnitude),
                 value < 0);
}

Rational ExactFloat::value() const {
  const std::uint64_t exponent = magnitude() >> format_.fraction_bits();
  std::uint64_t digits = magnitude() & ((std::uint64_t{1} << format_.fraction_bits()) - 1);
  if (exponent != 0) digits |= std::uint64_t{1} << format_.fraction_bits();
  const int steps = exponent == 0 ? 0 : static_cast<int>(exponent) - 1;
  const Rational size = Rational(digits) * power_of_two(least_quantum(format_) + steps);
  return is_negative() ? Rational(-size) : size;
}

ExactFloat ExactFloat::with_sign(bool negative) const {
  return is_nan() ? *this : special(format_, magnitude(), negative);
}

ExactFloat ExactFloat::sqrt() const {
  if (is_nan() || is_zero()) return *this;
  if (is_negative()) return nan(format_);
  if (is_infinite()) return *this;
  // Many more digits than a result has; whatever is cut off is told by half of the last one.
  const Rational square = value();
  const int shift = 2 * static_cast<int>(format_.precision) + 4 - binary_exponent(square) / 2;
  const Integer scaled = floor_of(square * power_of_two(2 * shift));
  Integer rest;
  const Integer root = boost::multiprecision::sqrt(scaled, rest);
  const bool exact = rest == 0 && Rational(scaled) == square * power_of_two(2 * shift);
  const Rational approximation = exact ? Rational(root) : Rational(root) + Rational(1, 2);
  return rounded(format_, approximation * power_of_two(-shift));
}

ExactFloat ExactFloat::to_integral(Rounding mode) const {
  if (!is_finite()) return *this;
  return rounded(format_, round_to_integer(value(), mode), is_negative());
}

ExactFloat ExactFloat::converted(FloatFormat format) const {
  if (is_nan()) return nan(format);
  if (is_infinite()) return special(format, format.infinity(), is_negative());
  return rounded(format, value(), is_negative());
}

ExactFloat operator+(const ExactFloat& a, const ExactFloat& b) {
  if (a.is_nan() || b.is_nan()) return ExactFloat::nan(a.format_);
  if (a.is_infinite() && b.is_infinite() && a.is_negative() != b.is_negative()) {
    return ExactFloat::nan(a.format_);
  }
  if (a.is_infinite()) return a;
  if (b.is_infinite()) return b;
  return ExactFloat::rounded(a.format_, a.value() + b.value(), a.is_negative() && b.is_negative());
}

ExactFloat operator*(const ExactFloat& a, const ExactFloat& b) {
  const FloatFormat format = a.format_;
  const bool negative = a.is_negative() != b.is_negative();
  if (a.is_nan() || b.is_nan()) return ExactFloat::nan(format);
  if (a.is_finite() && b.is_finite()) {
    return ExactFloat::rounded(format, a.value() * b.value(), negative);
  }
  if (a.is_zero() || b.is_zero()) return ExactFloat::nan(format);
  return ExactFloat::special(format, format.infinity(), negative);
}

ExactFloat operator/(const ExactFloat& a, const ExactFloat& b) {
  const FloatFormat format = a.format_;
  const bool negative = a.is_negative() != b.is_negative();
  if (a.is_nan() || b.is_nan()) return ExactFloat::nan(format);
  if ((a.is_infinite() && b.is_infinite()) || (a.is_zero() && b.is_zero())) {
    return ExactFloat::nan(format);
  }
  if (a.is_infinite() || b.is_zero()) {
    return ExactFloat::special(format, format.infinity(), negative);
  }
  if (b.is_infinite()) return ExactFloat::special(format, 0, negative);
  return ExactFloat::rounded(format, a.value() / b.value(), negative);
}

ExactFloat ExactFloat::fma(const ExactFloat& a, const ExactFloat& b, const ExactFloat& c) {
  if (!a.is_finite() || !b.is_finite() || !c.is_finite()) {
    // The product is infinite, no number, or of no weight beside what c is.
    return a.is_finite() && b.is_finite() ? c : a * b + c;
  }
  const bool product_negative = a.is_negative() != b.is_negative();
  return rounded(a.format_, a.value() * b.value() + c.value(), product_negative && c.is_negative());
}

ExactFloat ExactFloat::remainder(const ExactFloat& a, const ExactFloat& b) {
  if (a.is_nan() || b.is_nan() || a.is_infinite() || b.is_zero()) return nan(a.format_);
  if (b.is_infinite() || a.is_zero()) return a;
  const Integer times = round_to_integer(a.value() / b.value(), Rounding::nearest_even);
  return rounded(a.format_, a.value() - b.value() * times, a.is_negative());
}

std::optional<int> ExactFloat::compare(const ExactFloat& a, const ExactFloat& b) {
  if (a.is_nan() || b.is_nan()) return std::nullopt;
  // Bits of magnitudes are in the order of the magnitudes.
  const auto place = [](const ExactFloat& x) {
    const auto size = static_cast<std::int64_t>(x.magnitude());
    return x.is_negative() ? -size : size;
  };
  return place(a) < place(b) ? -1 : place(a) == place(b) ? 0 : 1;
}

}  // namespace isotrace::smt
