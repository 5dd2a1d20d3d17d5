// Takes tensors apart and puts them together along an axis, bit for bit (internal to the executor).
#pragma once

#include <vector>

#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

/// Place `index` of an axis; the axis is gone. Refuses operation_dtype_unsupported for sequences
/// and optionals.
core::Result<core::Tensor> slice(const core::TensorView& tensor, std::size_t axis,
                                 std::int64_t index);

/// All parts (at least one) along a new axis. Refuses shape_mismatch unless they have one shape,
/// operation_dtype_unsupported for sequences and optionals.
core::Result<core::Tensor> stack(std::span<const core::TensorView> parts, std::int64_t axis);
/// The stack of no parts.
core::Result<core::Tensor> empty_stack(core::Dtype dtype, core::Shape part, std::int64_t axis);

}  // namespace isotrace::executor
