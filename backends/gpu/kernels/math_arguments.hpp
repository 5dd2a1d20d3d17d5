// What the kernels of elementary functions take (math.hpp), for who launches them.
#pragma once

#include <cstdint>

namespace isotrace::backends::gpu {

struct MathArguments {
  std::uint64_t count;
  const float* x;
  float* out;
  std::uint32_t* doubts;    ///< how many elements are in doubt
  std::uint64_t* doubtful;  ///< the first `doubtful_max` of them, in any order
  std::uint32_t doubtful_max;
};

}  // namespace isotrace::backends::gpu
