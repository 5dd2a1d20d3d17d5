// R, the one order of summation (docs/numerics.md): up to 4096 elements go to 32 lanes in turn and
// the lanes are added as a tree; more are cut into chunks of 4096 whose sums are reduced again.
// Appended +0 elements never change the result, and the order depends on the count alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace isotrace::reference {

inline constexpr std::size_t reduce_lanes = 32;
inline constexpr std::size_t reduce_chunk = 4096;

/// One chunk of R: elements [begin, end). step(lane, i) is the lane with element i brought in.
template <class Float, class Step>
Float reduce_one_chunk(std::size_t begin, std::size_t end, Step step) {
  std::array<Float, reduce_lanes> lanes{};
  for (std::size_t i = begin; i < end; ++i) {
    Float& lane = lanes[(i - begin) % reduce_lanes];
    lane = step(lane, i);
  }
  for (std::size_t width = reduce_lanes / 2; width >= 1; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

template <class Float>
Float reduce_sum(std::span<const Float> values);

/// R over n elements that `step` adds to a lane in its own way (fma for sums of products).
template <class Float, class Step>
Float reduce_with(std::size_t n, Step step) {
  if (n <= reduce_chunk) return reduce_one_chunk<Float>(0, n, step);
  std::vector<Float> sums;
  for (std::size_t begin = 0; begin < n; begin += reduce_chunk) {
    sums.push_back(reduce_one_chunk<Float>(begin, std::min(n, begin + reduce_chunk), step));
  }
  return reduce_sum<Float>(sums);
}

/// R of the values; +0 if there are none. Float is float or double.
template <class Float>
Float reduce_sum(std::span<const Float> values) {
  return reduce_with<Float>(values.size(),
                            [values](Float lane, std::size_t i) { return lane + values[i]; });
}

}  // namespace isotrace::reference
