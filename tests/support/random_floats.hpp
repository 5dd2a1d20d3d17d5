// Bits of floats of every kind, those at borders as often as all others. Trust: none.
#pragma once

#include <cstdint>

#include <isotrace/core/philox.hpp>

namespace isotrace::tests {

/// @param width 32 or 64
inline std::uint64_t random_float_bits(core::PhiloxStream& random, unsigned width) {
  const unsigned fraction = width == 64 ? 52 : 23;
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  const auto any = [&] {
    return (static_cast<std::uint64_t>(random.next_below(1U << 31U)) << 33U ^
            static_cast<std::uint64_t>(random.next_below(1U << 31U)) << 16U ^
            random.next_below(1U << 31U)) &
           mask;
  };
  const std::uint64_t infinity = (sign - 1) >> fraction << fraction;
  const std::uint64_t borders[] = {
      0,
      1,
      std::uint64_t{1} << fraction,
      infinity,
      infinity - 1,
      infinity | 1,
      infinity | std::uint64_t{1} << (fraction - 1),
      (infinity >> 1U) & infinity,  // 1, or near it
  };
  switch (random.next_below(4)) {
    case 0: return borders[random.next_below(8)] | (random.next_below(2) == 0 ? 0 : sign);
    case 1: {  // of about the same size, so that sums cancel and round
      const std::uint64_t exponent = ((infinity >> (fraction + 1)) - 2 + random.next_below(5));
      return (any() & ~infinity) | exponent << fraction;
    }
    case 2: return any() & ~(infinity & (infinity << 2U));  // small
    default: return any();
  }
}

}  // namespace isotrace::tests
