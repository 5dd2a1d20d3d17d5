// Dispatch to the shape rules, and the rules of elementwise operations and reductions.
#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/bit_cast.hpp>
#include <isotrace/reference/packed.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Node;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;

Result<std::int64_t> broadcast_size(std::int64_t a, std::int64_t b) {
  if (a == b || b == 1) return a;
  if (a == 1 || a == unknown_size) return b;
  if (b == unknown_size) return a;
  return refuse(RefusalCode::shape_mismatch, "",
                std::to_string(a) + " does not broadcast with " + std::to_string(b));
}

ShapeResult broadcast_all(OperandInfos operands) {
  MaybeShape result = Shape{};
  for (const auto& operand : operands) {
    ISOTRACE_TRY(result, broadcast(result, operand->shape));
  }
  return result;
}

/// PRelu: the slope broadcasts to the data, never the other way.
ShapeResult infer_prelu(OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  ISOTRACE_TRY(const MaybeShape whole, broadcast(x, operands[1]->shape));
  if (!x || !whole) return x;
  bool larger = whole->size() != x->size();
  for (std::size_t i = 0; !larger && i < x->size(); ++i) {
    larger = (*x)[i] != unknown_size && (*whole)[i] != unknown_size && (*x)[i] != (*whole)[i];
  }
  if (larger) return refuse(RefusalCode::shape_mismatch, "", "the slope is larger than the data");
  return x;
}

/// Same shape as the first operand.
ShapeResult infer_like(const Node&, OperandInfos operands) { return operands[0]->shape; }

ShapeResult infer_with_axis(const Node& node, OperandInfos operands) {
  if (operands[0]->shape) {
    ISOTRACE_TRY_DONE(resolve_axis(node.integer("axis"), operands[0]->shape->size()));
  }
  return operands[0]->shape;
}

/// Softmax and its kin: with `flatten` the axis may also be the rank.
ShapeResult infer_row_axis(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const bool after_all = x && node.integer("flatten") != 0 &&
                         node.integer("axis") == static_cast<std::int64_t>(x->size());
  return after_all ? ShapeResult(x) : infer_with_axis(node, operands);
}

ShapeResult infer_shape(const Node& node, OperandInfos operands) {
  switch (node.op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::pow:
    case Op::max:
    case Op::min:
    case Op::sum:
    case Op::mean:
    case Op::where:
    case Op::equal:
    case Op::less:
    case Op::greater:
    case Op::less_or_equal:
    case Op::greater_or_equal:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_xor:
    case Op::mod:
    case Op::bit_shift:
    case Op::bitwise_and:
    case Op::bitwise_or:
    case Op::bitwise_xor: return broadcast_all(operands);
    case Op::prelu: return infer_prelu(operands);
    case Op::softmax:
    case Op::log_softmax:
    case Op::hardmax: return infer_row_axis(node, operands);
    case Op::lp_normalization: return infer_with_axis(node, operands);
    case Op::matmul: return infer_matmul(node, operands);
    case Op::gemm: return infer_gemm(node, operands);
    case Op::conv: return infer_conv(node, operands);
    case Op::conv_transpose: return infer_conv_transpose(node, operands);
    case Op::max_pool:
    case Op::average_pool:
    case Op::lp_pool: return infer_pool(node, operands);
    case Op::global_max_pool:
    case Op::global_lp_pool:
    case Op::global_average_pool: return infer_global_pool(node, operands);
    case Op::reduce_sum:
    case Op::reduce_mean:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::reduce_prod:
    case Op::reduce_l1:
    case Op::reduce_l2:
    case Op::reduce_log_sum:
    case Op::reduce_log_sum_exp:
    case Op::reduce_sum_square: return infer_reduce(node, operands);
    case Op::arg_max:
    case Op::arg_min: return infer_arg_max(node, operands);
    case Op::reshape: return infer_reshape(node, operands);
    case Op::flatten: return infer_flatten(node, operands);
    case Op::transpose: return infer_transpose(node, operands);
    case Op::squeeze: return infer_squeeze(node, operands);
    case Op::unsqueeze: return infer_unsqueeze(node, operands);
    case Op::concat: return infer_concat(node, operands);
    case Op::slice: return infer_slice(node, operands);
    case Op::gather: return infer_gather(node, operands);
    case Op::pad: return infer_pad(node, operands);
    case Op::expand: return infer_expand(node, operands);
    case Op::shape: return infer_shape_of(node, operands);
    case Op::constant_of_shape: return infer_constant_of_shape(node, operands);
    default: return infer_like(node, operands);
  }
}

Result<Dtype> infer_dtype(const Node& node, OperandInfos operands, std::size_t output) {
  switch (node.op) {
    case Op::cast: return reference::dtype_attribute(node, "to");
    case Op::bit_cast: return reference::bit_cast_dtype(node, operands[0]->dtype);
    case Op::equal:
    case Op::less:
    case Op::greater:
    case Op::less_or_equal:
    case Op::greater_or_equal:
    case Op::is_nan:
    case Op::is_inf:
    case Op::logical_not: return Dtype::boolean;
    case Op::arg_max:
    case Op::arg_min:
    case Op::shape: return Dtype::i64;
    case Op::where:
    case Op::constant_of_shape: return operands[1]->dtype;
    case Op::max_pool: return output == 0 ? operands[0]->dtype : Dtype::i64;
    default: return operands[0]->dtype;
  }
}

}  // namespace

ValueInfo info_of(const core::TensorView& tensor) {
  return {tensor.dtype(), Shape(tensor.shape().begin(), tensor.shape().end()), tensor};
}

bool is_present(OperandInfos operands, std::size_t index) {
  return index < operands.size() && operands[index].has_value();
}

ShapeResult broadcast(const MaybeShape& a, const MaybeShape& b) {
  if (!a || !b) return std::nullopt;
  const Shape& longer = a->size() >= b->size() ? *a : *b;
  const Shape& shorter = a->size() >= b->size() ? *b : *a;
  Shape result = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    ISOTRACE_TRY(result[offset + i], broadcast_size(longer[offset + i], shorter[i]));
  }
  return result;
}

Result<std::size_t> resolve_axis(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    return refuse(RefusalCode::shape_mismatch, "axis " + std::to_string(axis),
                  "rank " + std::to_string(rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

Result<std::vector<bool>> resolve_axes(const std::vector<std::int64_t>& axes, std::size_t rank) {
  std::vector<bool> mask(rank);
  for (const std::int64_t axis : axes) {
    ISOTRACE_TRY(const std::size_t resolved, resolve_axis(axis, rank));
    if (mask[resolved]) {
      return refuse(RefusalCode::shape_mismatch, "axis " + std::to_string(axis), "named twice");
    }
    mask[resolved] = true;
  }
  return mask;
}

Result<std::optional<std::vector<std::int64_t>>> find_integers(OperandInfos operands,
                                                               std::size_t index) {
  using Ints = std::vector<std::int64_t>;
  if (!is_present(operands, index)) return std::nullopt;
  const ValueInfo& info = *operands[index];
  if (info.dtype != Dtype::i64 && info.dtype != Dtype::i32) {
    return refuse(RefusalCode::operation_dtype_unsupported, "operand " + std::to_string(index),
                  std::string(core::dtype_name(info.dtype)));
  }
  if (info.shape && info.shape->size() > 1) {
    return refuse(RefusalCode::shape_mismatch, "operand " + std::to_string(index),
                  core::shape_text(*info.shape) + ", a list expected");
  }
  if (!info.content) return std::nullopt;
  if (info.content->elements() > core::limits::node_operands_max) {
    return refuse(RefusalCode::limit_exceeded, "operand " + std::to_string(index),
                  std::to_string(info.content->elements()) + " elements");
  }
  if (info.dtype == Dtype::i64) {
    const auto data = info.content->data<std::int64_t>();
    return Ints(data.begin(), data.end());
  }
  const auto data = info.content->data<std::int32_t>();
  return Ints(data.begin(), data.end());
}

ShapeResult infer_reduce(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  ISOTRACE_TRY(const auto axes, find_integers(operands, 1));
  const bool keep = node.integer("keepdims") != 0;
  if (!x) return std::nullopt;
  if (is_present(operands, 1) && !axes) {
    return keep ? MaybeShape(Shape(x->size(), unknown_size)) : std::nullopt;
  }
  std::vector<bool> mask(x->size(), true);
  if (axes && !axes->empty()) {
    ISOTRACE_TRY(mask, resolve_axes(*axes, x->size()));
  } else if (node.integer("noop_with_empty_axes") != 0) {
    return x;
  }
  Shape result;
  for (std::size_t i = 0; i < x->size(); ++i) {
    if (!mask[i]) result.push_back((*x)[i]);
    if (mask[i] && keep) result.push_back(1);
  }
  return result;
}

ShapeResult infer_arg_max(const Node& node, OperandInfos operands) {
  MaybeShape result = operands[0]->shape;
  if (!result) return result;
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(node.integer("axis"), result->size()));
  if (node.integer("keepdims") != 0) {
    (*result)[axis] = 1;
  } else {
    result->erase(result->begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return result;
}

Result<std::vector<ValueInfo>> infer_node(const Node& node, OperandInfos operands) {
  for (const auto& operand : operands) {
    if (operand && core::is_structured(operand->dtype) && !reference::takes_packed(node.op)) {
      return refuse(RefusalCode::operation_dtype_unsupported, "",
                    std::string(core::dtype_name(operand->dtype)));
    }
  }
  const std::span<const InferRow> families[] = {
      infer_move_rows(),   infer_quantise_rows(), infer_signal_rows(),   infer_recurrent_rows(),
      infer_select_rows(), infer_vision_rows(),   infer_sequence_rows(), infer_control_rows(),
  };
  for (const auto rows : families) {
    const auto row = std::ranges::find(rows, node.op, &InferRow::op);
    if (row != rows.end()) return row->rule(node, operands);
  }
  ISOTRACE_TRY(const MaybeShape shape, infer_shape(node, operands));
  std::vector<ValueInfo> results;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    ISOTRACE_TRY(const Dtype dtype, infer_dtype(node, operands, i));
    results.push_back({dtype, shape, std::nullopt});
  }
  return results;
}

}  // namespace isotrace::executor
