// How far apart the elements of two tensors are, as a histogram: what one look at a divergence
// needs to tell a rounding in another order from a wrong result.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

/// Distances are counted in values of the element type: ulps of floats, differences of integers.
struct Distances {
  static constexpr std::size_t buckets = 8;
  /// Bucket i holds distances from least[i] up to least[i + 1] (exclusive), the last one all
  /// others.
  static constexpr std::array<std::uint64_t, buckets> least = {
      0, 1, 2, 4, 16, 256, 65536, std::uint64_t{1} << 32};

  std::array<std::uint64_t, buckets> elements{};  ///< [0]: equal values, zeros of either sign
  std::uint64_t nans = 0;        ///< NaN in one of them only, or NaNs of other bits
  std::uint64_t infinities = 0;  ///< infinite in one of them only, or of the other sign
  std::uint64_t largest = 0;     ///< greatest distance in a bucket

  bool operator==(const Distances&) const = default;
};

/// Both must have the same dtype and shape; nothing for sequences and optionals.
std::optional<Distances> measure_distances(const core::TensorView& a, const core::TensorView& b);

/// Counts elements [begin, end) into `distances`. The same of both, no sequences and optionals.
void add_distances(Distances& distances, const core::TensorView& a, const core::TensorView& b,
                   std::size_t begin, std::size_t end);

}  // namespace isotrace::executor
