// Shapes of results from shapes of operands, for the operations whose result shape is more than a
// copy. Executors infer shapes with these and backends size their results with them, so that all
// agree. Every function refuses (shape_mismatch, operation_attribute_invalid,
// operand_value_invalid) with an empty place; callers put the operation's name in front. Windows:
// window.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <isotrace/core/tensor.hpp>

namespace isotrace::reference {

using Dims = std::span<const std::int64_t>;

/// NumPy broadcasting: aligned at the last axis, sizes equal or 1.
core::Result<core::Shape> broadcast_shapes(Dims a, Dims b);
/// Refuses unless `shape` broadcasts to exactly `target`.
core::Result<core::Done> check_broadcastable(Dims shape, Dims target);

/// An axis from [-rank, rank) as one from [0, rank).
core::Result<std::size_t> resolve_axis(std::int64_t axis, std::size_t rank);
/// Several of them, without repetition; the result is sorted.
core::Result<std::vector<std::size_t>> resolve_axes(Dims axes, std::size_t rank);

/// MatMul: one-dimensional operands gain an axis that the result loses again; leading axes
/// broadcast.
struct MatmulShape {
  std::int64_t m;
  std::int64_t k;
  std::int64_t n;
  core::Shape batch;   ///< broadcast leading axes
  core::Shape output;  ///< batch, then m unless a is 1-D, then n unless b is 1-D
};
core::Result<MatmulShape> matmul_shape(Dims a, Dims b);

/// Gemm: sizes after the transpositions.
struct GemmShape {
  std::int64_t m;
  std::int64_t k;
  std::int64_t n;
};
core::Result<GemmShape> gemm_shape(Dims a, Dims b, bool transpose_a, bool transpose_b);

/// Result of reducing `axes` (resolved, sorted): size 1 or no axis.
core::Shape reduced_shape(Dims shape, std::span<const std::size_t> axes, bool keepdims);

/// Reshape: -1 is inferred (once), 0 copies the input's size unless allow_zero.
core::Result<core::Shape> reshaped_shape(Dims shape, Dims requested, bool allow_zero);
/// Flatten: two axes, split before `axis` from [-rank, rank].
core::Result<core::Shape> flattened_shape(Dims shape, std::int64_t axis);
/// Transpose: `perm` as given, or the reversal if it is empty.
core::Result<std::vector<std::size_t>> resolve_permutation(Dims perm, std::size_t rank);
/// Squeeze: the axes named, or all of size 1 if there is no list.
core::Result<core::Shape> squeezed_shape(Dims shape, const std::vector<std::int64_t>* axes);
/// Unsqueeze: `axes` number the axes of the result.
core::Result<core::Shape> unsqueezed_shape(Dims shape, Dims axes);
/// Concat of at least one shape; all sizes but that of `axis` agree.
core::Result<core::Shape> concatenated_shape(std::span<const Dims> shapes, std::int64_t axis);
/// Split of `size` into `parts`: the sizes given, or ceil(size / parts) with a smaller last one.
core::Result<std::vector<std::int64_t>> split_sizes(std::int64_t size, std::size_t parts,
                                                    const std::vector<std::int64_t>* sizes);

/// One axis of Slice: reads begin, begin + step, ... `count` times.
struct SliceRange {
  std::int64_t begin;
  std::int64_t step;
  std::int64_t count;
};
/// ONNX clamping: negative positions count from the end, then clamp; step is not 0.
core::Result<SliceRange> slice_range(std::int64_t size, std::int64_t start, std::int64_t end,
                                     std::int64_t step);

}  // namespace isotrace::reference
