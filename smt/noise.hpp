// Numbers that look random, the same in every run. Trust: none.
#pragma once

#include <cstdint>

namespace isotrace::smt {

/// SplitMix64.
class Noise {
 public:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return z ^ z >> 31;
  }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace isotrace::smt
