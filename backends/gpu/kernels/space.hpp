// Positions of a tensor in row-major order and where operands have their elements for them.
// Broadcasting is a stride of 0.
#pragma once

#include <isotrace/backends/gpu/kernels/copy.hpp>

namespace isotrace::backends::gpu {

/// As many as tensors have, so that only spaces of several tensors' axes (Einsum) have more.
inline constexpr std::uint32_t space_rank_max = 16;

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

/// What a thread of an elementwise kernel computes: neighbours in row-major order.
inline constexpr std::uint32_t neighbours = 4;

/// Whether every four elements from a multiple of four on lie along the last axis.
template <std::uint32_t streams>
ISOTRACE_KERNEL_CODE bool has_whole_fours(const Space<streams>& space) {
  return space.rank != 0 && space.sizes[space.rank - 1] % neighbours == 0;
}
template <std::uint32_t streams>
ISOTRACE_KERNEL_CODE std::int64_t last_stride(const Space<streams>& space, std::uint32_t stream) {
  return space.strides[stream][space.rank - 1];
}

/// Four elements that lie `stride` apart, in accesses of 16 bytes where they can be.
template <class Element>
struct Four {
  Element at[neighbours];

  ISOTRACE_KERNEL_CODE static Four load(const Element* from, std::int64_t stride) {
    Four four;
    if constexpr (sizeof(Element) >= 4) {
      if (stride == 1 && reinterpret_cast<std::uintptr_t>(from) % 16 == 0) {
        constexpr std::uint32_t count = Vector<Element>::count;
        for (std::uint32_t i = 0; i < neighbours; i += count) {
          const auto vector = load_vector<Element>(from + i);
          for (std::uint32_t j = 0; j < count; ++j) four.at[i + j] = vector.at[j];
        }
        return four;
      }
    }
    for (std::uint32_t i = 0; i < neighbours; ++i) four.at[i] = from[i * stride];
    return four;
  }
  /// `to` is a multiple of 16 bytes.
  ISOTRACE_KERNEL_CODE void store(Element* to) const {
    if constexpr (sizeof(Element) >= 4) {
      constexpr std::uint32_t count = Vector<Element>::count;
      for (std::uint32_t i = 0; i < neighbours; i += count) {
        Vector<Element> vector;
        for (std::uint32_t j = 0; j < count; ++j) vector.at[j] = at[i + j];
        store_vector<false>(to + i, vector);
      }
    } else {
      for (std::uint32_t i = 0; i < neighbours; ++i) to[i] = at[i];
    }
  }
};

}  // namespace isotrace::backends::gpu
