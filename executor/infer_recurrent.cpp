// Shapes and types of recurrent layers, and of LayerNormalization with its statistics.
#include <algorithm>

#include <isotrace/executor/infer_rules.hpp>

namespace isotrace::executor {
namespace {

using core::Node;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Infos = std::vector<ValueInfo>;

/// An operand of rank 3, or nothing known of its sizes.
Result<Shape> sizes_of(OperandInfos operands, std::size_t index) {
  const MaybeShape& shape = operands[index]->shape;
  if (!shape) return Shape(3, unknown_size);
  if (shape->size() == 3) return *shape;
  return refuse(RefusalCode::shape_mismatch, "",
                "operand " + std::to_string(index) + " " + core::shape_text(*shape));
}

/// X [steps, batch, input], W [directions, gates * hidden, input], R [directions, gates * hidden,
/// hidden]: Y [steps, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden].
template <std::int64_t gates>
Result<Infos> infer_recurrent(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const Shape x, sizes_of(operands, 0));
  ISOTRACE_TRY(const Shape w, sizes_of(operands, 1));
  ISOTRACE_TRY(const Shape r, sizes_of(operands, 2));
  std::int64_t hidden = r[2];
  if (hidden == unknown_size && r[1] != unknown_size) hidden = r[1] / gates;
  if (hidden == unknown_size && w[1] != unknown_size) hidden = w[1] / gates;
  for (const std::int64_t rows : {w[1], r[1]}) {
    if (rows == unknown_size || (rows % gates == 0 && rows / gates == hidden)) continue;
    return refuse(RefusalCode::shape_mismatch, "",
                  std::to_string(rows) + " rows of weights for " + std::to_string(hidden) +
                      " hidden elements");
  }
  const std::int64_t directions = node.text("direction") == "bidirectional" ? 2 : 1;
  const core::Dtype dtype = operands[0]->dtype;
  Infos results(node.outputs.size(), {dtype, Shape{directions, x[1], hidden}, std::nullopt});
  results[0].shape = Shape{x[0], directions, x[1], hidden};
  return results;
}

/// The statistics are f32 and have size 1 on the normalised axes.
Result<Infos> infer_layer_normalization(const Node& node, OperandInfos operands) {
  MaybeShape shape = operands[0]->shape;
  Infos results = {{operands[0]->dtype, shape, std::nullopt}};
  if (shape) {
    ISOTRACE_TRY(const std::size_t axis, resolve_axis(node.integer("axis"), shape->size()));
    std::fill(shape->begin() + static_cast<std::ptrdiff_t>(axis), shape->end(), 1);
  }
  results.resize(node.outputs.size(), {core::Dtype::f32, shape, std::nullopt});
  return results;
}

constexpr InferRow rows[] = {
    {Op::rnn, &infer_recurrent<1>},
    {Op::gru, &infer_recurrent<3>},
    {Op::lstm, &infer_recurrent<4>},
    {Op::layer_normalization, &infer_layer_normalization},
};

}  // namespace

std::span<const InferRow> infer_recurrent_rows() { return rows; }

}  // namespace isotrace::executor
