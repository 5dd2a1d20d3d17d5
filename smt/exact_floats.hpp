// What operations on IEEE 754 numbers compute, from their exact results in rational numbers: no
// floating-point unit is asked. What solvers say about floats is evaluated with it. NaNs are one
// value, the canonical quiet one, as in SMT-LIB. Trust: none needed beyond tests; what follows
// from a model is executed. Spec: IEEE 754-2019, SMT-LIB theory FloatingPoint.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <isotrace/core/rational.hpp>

namespace isotrace::smt {

/// binary32 or binary64.
struct FloatFormat {
  unsigned exponent_bits = 8;
  unsigned precision = 24;  ///< the hidden bit included

  [[nodiscard]] constexpr unsigned width() const { return exponent_bits + precision; }
  [[nodiscard]] constexpr unsigned fraction_bits() const { return precision - 1; }
  [[nodiscard]] constexpr std::uint64_t sign() const { return std::uint64_t{1} << (width() - 1); }
  [[nodiscard]] constexpr std::uint64_t infinity() const {
    return ((std::uint64_t{1} << exponent_bits) - 1) << fraction_bits();
  }
  [[nodiscard]] constexpr std::uint64_t nan() const {
    return infinity() | std::uint64_t{1} << (fraction_bits() - 1);
  }
  bool operator==(const FloatFormat&) const = default;
};

inline constexpr FloatFormat binary32{8, 24};
inline constexpr FloatFormat binary64{11, 53};
/// @param width 32 or 64
constexpr FloatFormat float_format(unsigned width) { return width == 64 ? binary64 : binary32; }

enum class Rounding : std::uint8_t { nearest_even, up, down, to_zero };

/// The integer that a mode chooses.
core::Integer round_to_integer(const core::Rational& value, Rounding mode);

/// One number of a format, by its bits.
class ExactFloat {
 public:
  ExactFloat(FloatFormat format, std::uint64_t bits) : format_(format), bits_(bits) {
    if (is_nan()) bits_ = format_.nan();
  }
  /// To nearest, ties to even; a zero has the sign given.
  static ExactFloat rounded(FloatFormat format, const core::Rational& value,
                            bool negative_zero = false);

  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  [[nodiscard]] FloatFormat format() const { return format_; }
  [[nodiscard]] bool is_negative() const { return (bits_ & format_.sign()) != 0; }
  [[nodiscard]] bool is_nan() const { return magnitude() > format_.infinity(); }
  [[nodiscard]] bool is_infinite() const { return magnitude() == format_.infinity(); }
  [[nodiscard]] bool is_finite() const { return magnitude() < format_.infinity(); }
  [[nodiscard]] bool is_zero() const { return magnitude() == 0; }
  /// Of a finite number.
  [[nodiscard]] core::Rational value() const;

  [[nodiscard]] ExactFloat abs() const { return with_sign(false); }
  [[nodiscard]] ExactFloat negated() const { return with_sign(!is_negative()); }
  [[nodiscard]] ExactFloat sqrt() const;
  [[nodiscard]] ExactFloat to_integral(Rounding mode) const;
  [[nodiscard]] ExactFloat converted(FloatFormat format) const;

  friend ExactFloat operator+(const ExactFloat& a, const ExactFloat& b);
  friend ExactFloat operator*(const ExactFloat& a, const ExactFloat& b);
  friend ExactFloat operator/(const ExactFloat& a, const ExactFloat& b);
  /// a * b + c, rounded once.
  static ExactFloat fma(const ExactFloat& a, const ExactFloat& b, const ExactFloat& c);
  /// a - b n, where n is the integer nearest to a / b.
  static ExactFloat remainder(const ExactFloat& a, const ExactFloat& b);

  /// -1, 0, 1; nothing if one of them is no number. Zeros are equal.
  static std::optional<int> compare(const ExactFloat& a, const ExactFloat& b);

 private:
  [[nodiscard]] std::uint64_t magnitude() const { return bits_ & ~format_.sign(); }
  [[nodiscard]] ExactFloat with_sign(bool negative) const;
  static ExactFloat nan(FloatFormat format) { return {format, format.nan()}; }
  static ExactFloat special(FloatFormat format, std::uint64_t magnitude, bool negative) {
    return {format, magnitude | (negative ? format.sign() : 0)};
  }

  FloatFormat format_;
  std::uint64_t bits_;
};

}  // namespace isotrace::smt
