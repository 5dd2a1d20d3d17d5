// How far apart two tensors are, place by place: a grid of few cells over their elements.
#pragma once

#include <vector>

#include <isotrace/executor/distances.hpp>

namespace isotrace::tools::page {

/// The tensor as a matrix: its last dimensions across, the others down, parted where that is
/// closest to a square; a long vector is broken into rows of equal length. Each cell stands for a
/// block of elements.
struct HeatMap {
  static constexpr std::size_t cells_max = 48;  ///< across, and down

  std::uint64_t elements = 0;
  std::size_t matrix_rows = 0;
  std::size_t matrix_columns = 0;
  std::size_t block_rows = 1;  ///< of the matrix in a cell; less in the last one
  std::size_t block_columns = 1;
  std::size_t rows = 0;  ///< of cells
  std::size_t columns = 0;
  std::vector<executor::Distances> cells;  ///< row by row
};

/// Both have one dtype and shape and at least one element; nothing for sequences and optionals.
std::optional<HeatMap> make_heat_map(const core::TensorView& a, const core::TensorView& b);

/// The worst that a cell holds: 0 (equal) to Distances::buckets - 1, then infinity, then NaN.
inline constexpr std::size_t heat_infinity = executor::Distances::buckets;
inline constexpr std::size_t heat_nan = heat_infinity + 1;
std::size_t heat_of(const executor::Distances& cell);
/// Elements of the cell that are not equal; zeros of the other sign count as equal.
std::uint64_t differing_in(const executor::Distances& cell);

}  // namespace isotrace::tools::page
