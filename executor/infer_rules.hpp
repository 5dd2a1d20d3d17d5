// Shape rules of single operations, by family (internal to infer_*.cpp). A shape rule takes a node
// and what is known of its operands and gives the shape of every result, or nothing if it does not
// follow. Operations whose results differ in type or shape have a row with a rule for all of them.
#pragma once

#include <isotrace/executor/infer_shapes.hpp>

namespace isotrace::executor {

using MaybeShape = std::optional<core::Shape>;
using ShapeResult = core::Result<MaybeShape>;

inline constexpr std::int64_t unknown_size = -1;

/// NumPy broadcasting with unknown sizes.
ShapeResult broadcast(const MaybeShape& a, const MaybeShape& b);
/// Axis in [-rank, rank), made non-negative.
core::Result<std::size_t> resolve_axis(std::int64_t axis, std::size_t rank);
/// Distinct resolved axes, as a mask over the rank.
core::Result<std::vector<bool>> resolve_axes(const std::vector<std::int64_t>& axes,
                                             std::size_t rank);
/// Integers of an operand (i64 or i32): nothing if the operand is absent or its content unknown.
core::Result<std::optional<std::vector<std::int64_t>>> find_integers(OperandInfos operands,
                                                                     std::size_t index);
/// Whether operand `index` is there.
bool is_present(OperandInfos operands, std::size_t index);

ShapeResult infer_matmul(const core::Node& node, OperandInfos operands);
ShapeResult infer_gemm(const core::Node& node, OperandInfos operands);
ShapeResult infer_conv(const core::Node& node, OperandInfos operands);
ShapeResult infer_conv_transpose(const core::Node& node, OperandInfos operands);
ShapeResult infer_pool(const core::Node& node, OperandInfos operands);
ShapeResult infer_global_pool(const core::Node& node, OperandInfos operands);

ShapeResult infer_reduce(const core::Node& node, OperandInfos operands);
ShapeResult infer_arg_max(const core::Node& node, OperandInfos operands);

ShapeResult infer_reshape(const core::Node& node, OperandInfos operands);
ShapeResult infer_flatten(const core::Node& node, OperandInfos operands);
ShapeResult infer_transpose(const core::Node& node, OperandInfos operands);
ShapeResult infer_squeeze(const core::Node& node, OperandInfos operands);
ShapeResult infer_unsqueeze(const core::Node& node, OperandInfos operands);
ShapeResult infer_concat(const core::Node& node, OperandInfos operands);
ShapeResult infer_slice(const core::Node& node, OperandInfos operands);
ShapeResult infer_gather(const core::Node& node, OperandInfos operands);
ShapeResult infer_pad(const core::Node& node, OperandInfos operands);
ShapeResult infer_expand(const core::Node& node, OperandInfos operands);
ShapeResult infer_shape_of(const core::Node& node, OperandInfos operands);
ShapeResult infer_constant_of_shape(const core::Node& node, OperandInfos operands);

/// A rule that says everything about every result.
struct InferRow {
  core::Op op;
  core::Result<std::vector<ValueInfo>> (*rule)(const core::Node& node, OperandInfos operands);
};

/// Rows of each family (infer_*.cpp).
std::span<const InferRow> infer_move_rows();
std::span<const InferRow> infer_recurrent_rows();
std::span<const InferRow> infer_vision_rows();
std::span<const InferRow> infer_select_rows();
std::span<const InferRow> infer_sequence_rows();
std::span<const InferRow> infer_control_rows();
std::span<const InferRow> infer_quantise_rows();
std::span<const InferRow> infer_signal_rows();

}  // namespace isotrace::executor
