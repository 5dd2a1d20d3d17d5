// Positions of a tensor in row-major order and where operands have their elements for them.
// Broadcasting is a stride of 0.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

/// After axes that lie together have been merged.
inline constexpr std::uint32_t space_rank_max = 8;

template <std::uint32_t streams>
struct Space {
  std::uint32_t rank;
  std::uint64_t sizes[space_rank_max];
  std::int64_t strides[streams][space_rank_max];  ///< in elements
  std::int64_t starts[streams];
};

template <std::uint32_t streams>
struct Offsets {
  std::int64_t of[streams];
};

/// Where the element with this number in row-major order lies in every stream.
template <std::uint32_t streams>
ISOTRACE_KERNEL_CODE Offsets<streams> locate(const Space<streams>& space, std::uint64_t index) {
  Offsets<streams> offsets;
  for (std::uint32_t s = 0; s < streams; ++s) offsets.of[s] = space.starts[s];
  for (std::uint32_t axis = space.rank; axis-- > 0;) {
    std::uint64_t position = index;
    if (axis != 0) {
      position = index % space.sizes[axis];
      index /= space.sizes[axis];
    }
    for (std::uint32_t s = 0; s < streams; ++s) {
      offsets.of[s] += static_cast<std::int64_t>(position) * space.strides[s][axis];
    }
  }
  return offsets;
}

}  // namespace isotrace::backends::gpu
