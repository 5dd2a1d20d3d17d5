// What the lowerings of the domain ai.onnx.ml share: operands as rows of f32, and what becomes of
// scores (internal to the importer).
#pragma once

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor::ml {

using Value = core::Result<DraftValue>;

/// One node with one result.
Value emit(Lowering& node, core::Op op, std::vector<DraftValue> inputs,
           std::vector<core::Attribute> attributes = {});
/// `value` in `dtype`, cast if it is of another type.
Value in_type(Lowering& node, DraftValue value, core::Dtype dtype);
/// Operand `index` as [rows, features]: a list of features is one row.
Value as_rows(Lowering& node, std::size_t index);
/// Constants: a list, and a scalar without axes.
DraftValue reals(Lowering& node, const std::vector<float>& values);
DraftValue real(Lowering& node, float value);
/// Numbers rounded to `dtype`, f64 or f32.
DraftValue numbers(Lowering& node, core::Dtype dtype, const core::Shape& shape,
                   const std::vector<double>& values);
/// Reduction over one axis, which disappears or is left with size 1.
Value reduce(Lowering& node, core::Op op, DraftValue x, std::int64_t axis, bool keep);
/// Number of the greatest of each row's entries along the last axis, the first of equal ones.
Value first_greatest(Lowering& node, DraftValue rows);
/// gathered[i...] = table[indices[i...]] along the first axis.
Value look_up(Lowering& node, DraftValue table, DraftValue indices);

/// `post_transform`, which must be NONE, LOGISTIC or SOFTMAX for emit() to go on.
std::string read_post_transform(Lowering& node);
/// Scores [rows, targets] after `post_transform`.
Value transform(Lowering& node, DraftValue scores, const std::string& post_transform);
/// Labels that are strings have no type here: keeps a refusal if somebody reads them.
void refuse_text_labels(Lowering& node, std::string_view attribute);

}  // namespace isotrace::executor::ml
