// What the packs of binary64 numbers of math_avx2.cpp and math_avx512.cpp have in common: they are
// vectors of GCC and clang, which add, subtract, multiply, divide and shift lane by lane. Derived
// adds what needs an instruction of its own. reference/math/scalar_lane.hpp says what each
// operation is.
#pragma once

#include <cstddef>

namespace isotrace::backends::cpu {
namespace {

template <std::size_t lanes>
struct Vectors;
template <>
struct Vectors<4> {
  using Doubles = double __attribute__((vector_size(32)));
  using Integers = unsigned long long __attribute__((vector_size(32)));
};
template <>
struct Vectors<8> {
  using Doubles = double __attribute__((vector_size(64)));
  using Integers = unsigned long long __attribute__((vector_size(64)));
};

template <class Derived, std::size_t lanes>
struct DoublesPack {
  using Register = typename Vectors<lanes>::Doubles;
  using Bits = typename Vectors<lanes>::Integers;
  Register value;

  DoublesPack() = default;
  DoublesPack(Register x) : value(x) {}               // NOLINT(google-explicit-constructor)
  DoublesPack(double x) : value(Derived::fill(x)) {}  // NOLINT(google-explicit-constructor)

  friend Derived operator+(Derived a, Derived b) { return a.value + b.value; }
  friend Derived operator-(Derived a, Derived b) { return a.value - b.value; }
  friend Derived operator*(Derived a, Derived b) { return a.value * b.value; }
  friend Derived operator/(Derived a, Derived b) { return a.value / b.value; }

  static Bits bits(Derived x) { return reinterpret_cast<Bits>(x.value); }
  static Derived from_bits(Bits x) { return reinterpret_cast<Register>(x); }

  static Derived abs(Derived a) { return from_bits(bits(a) & ~sign_bit()); }
  static Derived with_sign(Derived x, Derived sign) {
    return from_bits(bits(x) | (bits(sign) & sign_bit()));
  }
  static Derived power_of_two(Derived shifted) { return from_bits((bits(shifted) + 1023) << 52); }
  static Derived negate_by_bit_1(Derived x, Derived shifted) {
    return from_bits(bits(x) ^ ((bits(shifted) & 2) << 62));
  }
  static void split(Derived x, Derived& exponent, Derived& mantissa) {
    const Bits biased = (bits(x) + (0x3FF0000000000000 - 0x3FE6A09E667F3BCD)) >> 52;
    // A small integer in the lowest bits of 2^52 is that integer more.
    exponent = from_bits(biased | 0x4330000000000000) - Derived(0x1p52 + 1023);
    mantissa = from_bits(bits(x) - ((biased - 1023) << 52));
  }

 protected:
  /// ScalarLane::is_clear in two parts: the number is clear if a bit of the mask is set.
  static Bits above_half_way(Derived x, unsigned long long window) {
    return bits(x) + (window / 2 - (1ULL << 28));
  }
  static unsigned long long clearance_mask(unsigned long long window) {
    return (1ULL << 29) - window;
  }

 private:
  static Bits sign_bit() { return Bits{} + (1ULL << 63); }
};

}  // namespace
}  // namespace isotrace::backends::cpu
