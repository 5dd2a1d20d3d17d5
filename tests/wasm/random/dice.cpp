#include "tests/wasm/random/dice.hpp"

#include <iterator>

#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm::tests {
namespace {

constexpr std::uint32_t f32_bits[] = {
    0x00000000, 0x80000000, 0x3F800000, 0xBF800000,  // 0, -0, 1, -1
    0x00000001, 0x80000001, 0x007FFFFF, 0x00800000,  // subnormals and the least normal number
    0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000,  // the greatest ones and infinities
    0x7FC00000, 0xFFC00000, 0x7FA00000, 0x7FC12345,  // NaNs: canonical, signalling, with a payload
    0x7F800001, 0xFFFFFFFF, 0x3F000000, 0x3EFFFFFF,  // more NaNs; 0.5 and the number below
    0x3FC00000, 0x40200000, 0xBF000000, 0xC0200000,  // 1.5, 2.5, -0.5, -2.5: ties
    0x4B000001, 0x4AFFFFFF, 0xCB000000, 0x34000000,  // around 2^23; epsilon
    0x4EFFFFFF, 0x4F000000, 0xCF000000, 0xCF000001,  // around +-2^31
    0x4F7FFFFF, 0x4F800000, 0x5EFFFFFF, 0x5F000000,  // around 2^32 and 2^63
    0xDF000000, 0xDF000001, 0x5F7FFFFF, 0x5F800000,  // around -2^63 and 2^64
};

constexpr std::uint64_t f64_bits[] = {
    0x0000000000000000, 0x8000000000000000, 0x3FF0000000000000, 0xBFF0000000000000,
    0x0000000000000001, 0x8000000000000001, 0x000FFFFFFFFFFFFF, 0x0010000000000000,
    0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000,
    0x7FF8000000000000, 0xFFF8000000000000, 0x7FF4000000000000, 0x7FF8123456789ABC,
    0x7FF0000000000001, 0xFFFFFFFFFFFFFFFF, 0x3FE0000000000000, 0x3FDFFFFFFFFFFFFF,
    0x3FF8000000000000, 0x4004000000000000, 0xBFE0000000000000, 0xC004000000000000,
    0x4330000000000001, 0x432FFFFFFFFFFFFF, 0xC330000000000000, 0x3CB0000000000000,
    0x41DFFFFFFFC00000, 0x41DFFFFFFFFFFFFF, 0x41E0000000000000, 0xC1E0000000000000,  // +-2^31
    0xC1E00000001FFFFF, 0xC1E0000000200000, 0x41EFFFFFFFFFFFFF, 0x41F0000000000000,  // and 2^32
    0x43DFFFFFFFFFFFFF, 0x43E0000000000000, 0xC3E0000000000000, 0xC3E0000000000001,  // +-2^63
    0x43EFFFFFFFFFFFFF, 0x43F0000000000000,                                          // 2^64
    0x36A0000000000000, 0x3690000000000000, 0x3690000000000001,  // halves of an f32 subnormal
    0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x47EFFFFFEFFFFFFF,  // the greatest f32, and ties
    0x3FF0000010000000, 0x3FF0000030000000, 0x380FFFFFF0000000,  // ties of demotion
};

std::uint64_t random_integer(Dice& dice, unsigned width) {
  const std::uint64_t power = std::uint64_t{1} << dice.below(width);
  switch (dice.below(8)) {
    case 0: return power;
    case 1: return power - 1;
    case 2: return 0 - power;
    case 3: return ~std::uint64_t{0};
    case 4: return dice.bits();
    case 5: return 0 - std::uint64_t{dice.below(64)};
    default: return dice.below(64);
  }
}

template <class Float>
Slot small_float(Dice& dice) {
  return to_slot(static_cast<Float>(dice.below(64)) * Float{0.25} - Float{4});
}

}  // namespace

Slot random_number(Dice& dice, ValueType type) {
  switch (type) {
    case ValueType::i32: return static_cast<std::uint32_t>(random_integer(dice, 32));
    case ValueType::i64: return random_integer(dice, 64);
    case ValueType::f32:
      if (dice.one_in(8)) return static_cast<std::uint32_t>(dice.bits());
      return dice.one_in(2) ? small_float<float>(dice) : dice.pick(f32_bits);
    default:
      if (dice.one_in(8)) return dice.bits();
      return dice.one_in(2) ? small_float<double>(dice) : dice.pick(f64_bits);
  }
}

}  // namespace isotrace::wasm::tests
