// One lane of binary64: the pack type with which the reference evaluates the approximations
// (lanes.hpp). Packs of several lanes (backends/cpu) offer the same operations, so the same
// source is compiled for every width.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <isotrace/reference/math/lane_code.hpp>

namespace isotrace::reference {

struct ScalarLane {
  using Mask = bool;
  double value;

  ScalarLane() = default;
  ISOTRACE_LANES ScalarLane(double x)
      : value(x) {}  // NOLINT(google-explicit-constructor): constants in formulas

  ISOTRACE_LANES friend ScalarLane operator+(ScalarLane a, ScalarLane b) {
    return a.value + b.value;
  }
  ISOTRACE_LANES friend ScalarLane operator-(ScalarLane a, ScalarLane b) {
    return a.value - b.value;
  }
  ISOTRACE_LANES friend ScalarLane operator*(ScalarLane a, ScalarLane b) {
    return a.value * b.value;
  }
  ISOTRACE_LANES friend ScalarLane operator/(ScalarLane a, ScalarLane b) {
    return a.value / b.value;
  }
  ISOTRACE_LANES friend bool operator<(ScalarLane a, ScalarLane b) { return a.value < b.value; }
  ISOTRACE_LANES friend bool operator<=(ScalarLane a, ScalarLane b) { return a.value <= b.value; }
  ISOTRACE_LANES friend bool operator==(ScalarLane a, ScalarLane b) { return a.value == b.value; }

  /// a * b + c, rounded once.
  ISOTRACE_LANES static ScalarLane fma(ScalarLane a, ScalarLane b, ScalarLane c) {
    return std::fma(a.value, b.value, c.value);
  }
  ISOTRACE_LANES static ScalarLane sqrt(ScalarLane a) { return std::sqrt(a.value); }
  ISOTRACE_LANES static ScalarLane abs(ScalarLane a) { return std::fabs(a.value); }
  /// The limit, or x if that is nearer to zero on the limit's side; NaN stays.
  ISOTRACE_LANES static ScalarLane at_most(ScalarLane x, double limit) {
    return x.value > limit ? limit : x.value;
  }
  ISOTRACE_LANES static ScalarLane at_least(ScalarLane x, double limit) {
    return x.value < limit ? limit : x.value;
  }
  /// x with the sign of another number; x must not be negative where that is not.
  ISOTRACE_LANES static ScalarLane with_sign(ScalarLane x, ScalarLane sign) {
    return std::copysign(x.value, sign.value);
  }
  ISOTRACE_LANES static ScalarLane select(bool mask, ScalarLane a, ScalarLane b) {
    return mask ? a : b;
  }
  ISOTRACE_LANES static bool both(bool a, bool b) { return a && b; }
  ISOTRACE_LANES static bool either(bool a, bool b) { return a || b; }
  ISOTRACE_LANES static bool all(bool mask) { return mask; }
  ISOTRACE_LANES static bool any(bool mask) { return mask; }
  /// Whether the distance to the next half-way value between two normal binary32 numbers is above
  /// half of `window` (a power of two) units in the last place of binary64.
  ISOTRACE_LANES static bool is_clear(ScalarLane x, std::uint64_t window) {
    const std::uint64_t above_window = (std::uint64_t{1} << 29) - window;
    return ((bits(x) + window / 2 - (std::uint64_t{1} << 28)) & above_window) != 0;
  }

  // `shifted` is n + integer_shift: its lowest bits hold the integer n.
  ISOTRACE_LANES static std::uint64_t bits(ScalarLane x) {
    return std::bit_cast<std::uint64_t>(x.value);
  }
  /// 2^n for n in [-1022, 1023].
  ISOTRACE_LANES static ScalarLane power_of_two(ScalarLane shifted) {
    return std::bit_cast<double>((bits(shifted) + 1023) << 52);
  }
  ISOTRACE_LANES static bool is_odd(ScalarLane shifted) { return (bits(shifted) & 1) != 0; }
  /// x, or -x where bit 1 of n is set.
  ISOTRACE_LANES static ScalarLane negate_by_bit_1(ScalarLane x, ScalarLane shifted) {
    return std::bit_cast<double>(bits(x) ^ (bits(shifted) & 2) << 62);
  }
  /// x = 2^exponent * mantissa, the mantissa in [sqrt(1/2), sqrt(2)); for normal positive x.
  ISOTRACE_LANES static void split(ScalarLane x, ScalarLane& exponent, ScalarLane& mantissa) {
    const std::uint64_t biased = (bits(x) + (0x3FF0000000000000 - 0x3FE6A09E667F3BCD)) >> 52;
    exponent = static_cast<double>(static_cast<std::int64_t>(biased) - 1023);
    mantissa = std::bit_cast<double>(bits(x) - ((biased - 1023) << 52));
  }
  /// Row n of the table, n in [0, 16).
  template <const auto& table, std::size_t columns>
  ISOTRACE_LANES static void load_row(ScalarLane shifted, ScalarLane (&row)[columns]) {
    const double* source = table[bits(shifted) & 15];
    for (std::size_t i = 0; i < columns; ++i) row[i] = source[i];
  }
  /// Column i of row e of the table for 2^e <= |x| < 2^(e+1), e in [0, 128); some row for other x.
  template <std::size_t i>
  ISOTRACE_LANES static ScalarLane by_exponent(const double (&table)[128][4], ScalarLane x) {
    return table[((bits(x) >> 52) - 1023) & 127][i];
  }
};

}  // namespace isotrace::reference
