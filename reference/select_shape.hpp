// Shapes of results of the operations that repeat, rearrange and select elements. As in shape.hpp,
// executors and the operations themselves both use these; refusals have an empty place.
#pragma once

#include <cstdint>

#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

/// Tile: each size times its number of repetitions.
core::Result<core::Shape> tiled_shape(Dims shape, Dims repeats);
/// DepthToSpace: [N, C, H, W] to [N, C / b^2, H * b, W * b].
core::Result<core::Shape> depth_to_space_shape(Dims shape, std::int64_t blocksize);
/// SpaceToDepth: [N, C, H, W] to [N, C * b^2, H / b, W / b].
core::Result<core::Shape> space_to_depth_shape(Dims shape, std::int64_t blocksize);
/// CenterCropPad: `sizes` at the axes named, or at all of them if the list is empty.
core::Result<core::Shape> center_crop_pad_shape(Dims shape, Dims sizes, Dims axes);

/// GatherElements and ScatterElements: refuses indices of another rank or, beside the axis, of
/// larger sizes than the data.
core::Result<core::Done> check_element_indices(Dims shape, Dims indices, std::size_t axis);
/// GatherND: the last axis of `indices` holds positions of the axes of x after `batch_dims`.
core::Result<core::Shape> gathered_nd_shape(Dims shape, Dims indices, std::int64_t batch_dims);
/// TensorScatter: the axis, which is not the first, of data and of an update that may be smaller
/// only there.
core::Result<std::size_t> tensor_scatter_axis(Dims shape, Dims update, std::int64_t axis);
/// OneHot: an axis of size `depth` among those of the indices; `axis` numbers those of the result.
core::Result<core::Shape> one_hot_shape(Dims indices, std::int64_t depth, std::int64_t axis);
/// OneHot's depth: one number of any type, truncated.
core::Result<std::int64_t> read_depth(const core::TensorView& depth);
/// Range: the number of elements of start, start + delta, ... before limit.
core::Result<std::int64_t> range_size(const core::TensorView& start, const core::TensorView& limit,
                                      const core::TensorView& delta);

}  // namespace isotrace::reference
