// R, the one order of summation (docs/numerics.md): up to 4096 elements go to 32 lanes in turn and
// the lanes are added as a tree; more are cut into chunks of 4096 whose sums are reduced again.
// Appended +0 elements never change the result, and the order depends on the count alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace isotrace::reference {

inline constexpr std::size_t reduce_lanes = 32;
inline constexpr std::size_t reduce_chunk = 4096;

/// One chunk of R: elements [begin, end). step(lane, i) is the lane with element i brought in;
/// lanes begin at the neutral element of `join`.
template <class Float, class Step, class Join>
Float reduce_one_chunk(std::size_t begin, std::size_t end, Float neutral, Step step, Join join) {
  std::array<Float, reduce_lanes> lanes;
  lanes.fill(neutral);
  for (std::size_t i = begin; i < end; ++i) {
    Float& lane = lanes[(i - begin) % reduce_lanes];
    lane = step(lane, i);
  }
  for (std::size_t width = reduce_lanes / 2; width >= 1; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) {
      lanes[lane] = join(lanes[lane], lanes[lane + width]);
    }
  }
  return lanes[0];
}

template <class Float, class Join>
Float reduce_values(std::span<const Float> values, Float neutral, Join join);

/// The order of R over n elements: `step` brings an element into a lane, `join` two lanes together.
template <class Float, class Step, class Join>
Float reduce_in_order(std::size_t n, Float neutral, Step step, Join join) {
  if (n <= reduce_chunk) return reduce_one_chunk<Float>(0, n, neutral, step, join);
  std::vector<Float> parts;
  for (std::size_t begin = 0; begin < n; begin += reduce_chunk) {
    const std::size_t end = std::min(n, begin + reduce_chunk);
    parts.push_back(reduce_one_chunk<Float>(begin, end, neutral, step, join));
  }
  return reduce_values<Float>(parts, neutral, join);
}

template <class Float, class Join>
Float reduce_values(std::span<const Float> values, Float neutral, Join join) {
  return reduce_in_order<Float>(
      values.size(), neutral,
      [values, join](Float lane, std::size_t i) { return join(lane, values[i]); }, join);
}

/// R over n elements that `step` adds to a lane in its own way (fma for sums of products).
template <class Float, class Step>
Float reduce_with(std::size_t n, Step step) {
  return reduce_in_order<Float>(n, Float{0}, step, std::plus<Float>());
}

/// R of the values; +0 if there are none. Float is float or double.
template <class Float>
Float reduce_sum(std::span<const Float> values) {
  return reduce_values<Float>(values, Float{0}, std::plus<Float>());
}

/// The product of the values in the order of R; 1 if there are none.
template <class Float>
Float reduce_product(std::span<const Float> values) {
  return reduce_values<Float>(values, Float{1}, std::multiplies<Float>());
}

}  // namespace isotrace::reference
