// Operands for bit-equality tests: Philox streams of the values on which implementations differ.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include <isotrace/core/philox.hpp>

namespace isotrace::tests {

enum class Values : std::uint8_t {
  ordinary,  ///< [-1, 1)
  special,   ///< mostly ordinary; sometimes NaN with payload, infinities, zeros, subnormals, huge
  tiny,      ///< around 2^-70: products are subnormal, sums underflow
};

inline float random_value(core::PhiloxStream& random, Values kind) {
  constexpr std::uint32_t specials[] = {0x7F800000, 0xFF800000, 0x7FC00001, 0xFFC12345,
                                        0x7F800001, 0x80000000, 0x00000000, 0x00000001,
                                        0x807FFFFF, 0x7F7FFFFF, 0xFF7FFFFF, 0x00800000};
  const float ordinary = 2.0F * random.next_f32() - 1.0F;
  if (kind == Values::tiny) return ordinary * 0x1p-70F;
  if (kind == Values::special && random.next_below(64) == 0) {
    return std::bit_cast<float>(specials[random.next_below(std::size(specials))]);
  }
  return ordinary;
}

inline std::vector<float> random_values(std::size_t count, std::uint64_t seed, Values kind) {
  core::PhiloxStream random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = random_value(random, kind);
  return values;
}

}  // namespace isotrace::tests
