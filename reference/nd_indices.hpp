// The indices of GatherND, ScatterElements, ...: which element, or first element of a slice, of a
// tensor each of them names.
#pragma once

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

/// Per element of `indices` (as many axes as `shape`): the element of a tensor of `shape` at the
/// same position, but at the index along `axis`. Refuses shape_mismatch, operand_value_invalid.
Result<std::vector<std::size_t>> locate_elements(std::span<const std::int64_t> shape,
                                                 const TensorView& indices, std::size_t axis);

struct Slices {
  Shape shape;                      ///< of the slices together
  std::size_t length;               ///< elements of one slice
  std::vector<std::size_t> starts;  ///< first element of each
};
/// Per row of the last axis of `indices`: the slice of a tensor of `shape` that it names after the
/// first `batch_dims` axes. Refuses what gathered_nd_shape refuses, and operand_value_invalid.
Result<Slices> locate_slices(std::span<const std::int64_t> shape, const TensorView& indices,
                             std::int64_t batch_dims);

}  // namespace isotrace::reference
