// Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11): the
// counter-based generator of isonum-1. Key = seed; counter = (block low, block high, operation,
// step).
#pragma once

#include <array>
#include <cstdint>

namespace isotrace::core {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// Ten rounds.
PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key);

/// A stream of 32-bit words for one (seed, operation, step).
class PhiloxStream {
 public:
  PhiloxStream(std::uint64_t seed, std::uint32_t operation = 0, std::uint32_t step = 0);
  std::uint32_t next_u32();
  std::uint64_t next_u64();
  /// Uniform in [0, 1): (x >> 8) * 2^-24, exact in binary32.
  float next_f32();
  /// Uniform in [0, bound) by rejection; bound > 0.
  std::uint64_t next_below(std::uint64_t bound);

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
  PhiloxCounter words_{};
  unsigned used_ = 4;
};

}  // namespace isotrace::core
