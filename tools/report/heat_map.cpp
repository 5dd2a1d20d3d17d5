#include <isotrace/tools/report/heat_map.hpp>

#include <algorithm>

namespace isotrace::tools::page {
namespace {

using executor::Distances;

/// Smallest blocks of which no more than cells_max stand beside each other.
std::size_t block_of(std::size_t length) {
  return (length + HeatMap::cells_max - 1) / HeatMap::cells_max;
}

/// A vector looks best as a square of whole rows, the last one in part.
std::size_t columns_of_vector(std::size_t elements) {
  if (elements <= HeatMap::cells_max) return elements;
  std::size_t columns = HeatMap::cells_max;
  while (columns * columns < elements) columns *= 2;
  return columns;
}

/// The product of the last dimensions, as many of them as make the matrix closest to a square.
std::size_t columns_of(std::span<const std::int64_t> shape, std::size_t elements) {
  std::size_t best = elements;
  std::size_t columns = 1;
  const auto length = [&](std::size_t width) { return std::max(width, elements / width); };
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    columns *= static_cast<std::size_t>(shape[axis]);
    if (length(columns) < length(best)) best = columns;
  }
  const bool vector = best == elements || best == 1;
  return vector ? columns_of_vector(elements) : best;
}

}  // namespace

std::optional<HeatMap> make_heat_map(const core::TensorView& a, const core::TensorView& b) {
  if (core::is_structured(a.dtype()) || a.elements() == 0) return std::nullopt;
  HeatMap map;
  map.elements = a.elements();
  map.matrix_columns = columns_of(a.shape(), a.elements());
  map.matrix_rows = (a.elements() + map.matrix_columns - 1) / map.matrix_columns;
  map.block_rows = block_of(map.matrix_rows);
  map.block_columns = block_of(map.matrix_columns);
  map.rows = (map.matrix_rows + map.block_rows - 1) / map.block_rows;
  map.columns = (map.matrix_columns + map.block_columns - 1) / map.block_columns;
  map.cells.resize(map.rows * map.columns);
  for (std::size_t row = 0; row < map.matrix_rows; ++row) {
    for (std::size_t column = 0; column < map.columns; ++column) {
      const std::size_t in_row = column * map.block_columns;
      const std::size_t width = std::min(map.block_columns, map.matrix_columns - in_row);
      const std::size_t begin = std::min(row * map.matrix_columns + in_row, a.elements());
      const std::size_t end = std::min(begin + width, a.elements());
      executor::add_distances(map.cells[row / map.block_rows * map.columns + column], a, b, begin,
                              end);
    }
  }
  return map;
}

std::size_t heat_of(const Distances& cell) {
  if (cell.nans > 0) return heat_nan;
  if (cell.infinities > 0) return heat_infinity;
  for (std::size_t i = Distances::buckets; i-- > 1;) {
    if (cell.elements[i] > 0) return i;
  }
  return 0;
}

std::uint64_t differing_in(const Distances& cell) {
  std::uint64_t differing = cell.nans + cell.infinities;
  for (std::size_t i = 1; i < Distances::buckets; ++i) differing += cell.elements[i];
  return differing;
}

}  // namespace isotrace::tools::page
