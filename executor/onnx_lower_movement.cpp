// Lowering of constants, reductions and data movement. Most older forms differ in one way:
// attributes that became operands.
#include <cmath>
#include <limits>

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::RefusalCode;
using core::Tensor;

/// Exactly one of the forms of Constant; the value_* forms came with operator set 12.
Lowered constant(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(0, 0));
  std::vector<Tensor> values;
  if (auto value = node.tensor("value")) values.push_back(*std::move(value));
  if (node.opset() >= 11) {
    if (auto value = node.sparse_tensor("sparse_value")) values.push_back(*std::move(value));
  }
  if (node.opset() >= 12) {
    const float real = node.real("value_float", 0);
    if (node.has("value_float")) values.push_back(Tensor::of<float>({}, {real}));
    const std::int64_t integer = node.integer("value_int", 0);
    if (node.has("value_int")) values.push_back(Tensor::of<std::int64_t>({}, {integer}));
    const std::vector<float> reals = node.reals("value_floats");
    if (node.has("value_floats")) {
      values.push_back(Tensor::of<float>({static_cast<std::int64_t>(reals.size())},
                                         std::span<const float>(reals)));
    }
    const Integers integers = node.integers("value_ints");
    if (node.has("value_ints")) {
      values.push_back(Tensor::of<std::int64_t>({static_cast<std::int64_t>(integers.size())},
                                                std::span<const std::int64_t>(integers)));
    }
  }
  ISOTRACE_TRY_DONE(node.check_attributes());
  if (values.size() != 1) {
    return core::refuse(RefusalCode::onnx_malformed, "attribute value",
                        std::to_string(values.size()) + " values, one expected");
  }
  return std::vector<std::size_t>{node.constant(std::move(values.front()))};
}

/// Operands [data, list attribute as a constant]; an absent or empty list is left out.
std::vector<DraftValue> with_list(Lowering& node, std::string_view attribute) {
  const Integers list = node.integers(attribute);
  if (list.empty()) return {node.input(0)};
  return {node.input(0), node.integer_list(list)};
}

template <Op op, std::int64_t axes_operand_since>
Lowered reduce(Lowering& node) {
  const bool old = node.opset() < axes_operand_since;
  ISOTRACE_TRY_DONE(node.require_inputs(1, old ? 1 : 2));
  std::vector<DraftValue> inputs = old ? with_list(node, "axes") : node.inputs();
  const std::int64_t noop = old ? 0 : node.integer("noop_with_empty_axes", 0);
  return node.emit(op, std::move(inputs),
                   {{"keepdims", std::int64_t{node.integer("keepdims", 1) != 0}},
                    {"noop_with_empty_axes", std::int64_t{noop != 0}}});
}

template <Op op>
Lowered arg_extreme(Lowering& node) {
  const std::int64_t last = node.opset() >= 12 ? node.integer("select_last_index", 0) : 0;
  return node.emit(op, {{"axis", node.integer("axis", 0)},
                        {"keepdims", std::int64_t{node.integer("keepdims", 1) != 0}},
                        {"select_last_index", std::int64_t{last != 0}}});
}

Lowered identity(Lowering& node) { return node.emit(Op::identity); }
Lowered expand(Lowering& node) { return node.emit(Op::expand); }

Lowered reshape(Lowering& node) {
  const std::int64_t allowzero = node.opset() >= 14 ? node.integer("allowzero", 0) : 0;
  return node.emit(Op::reshape, {{"allowzero", std::int64_t{allowzero != 0}}});
}

Lowered flatten(Lowering& node) {
  return node.emit(Op::flatten, {{"axis", node.integer("axis", 1)}});
}

Lowered transpose(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  Integers perm = node.integers("perm");
  if (perm.empty()) {
    for (std::size_t i = node.find_rank(0).value_or(0); i > 0; --i) {
      perm.push_back(static_cast<std::int64_t>(i - 1));
    }
  }
  return node.emit(Op::transpose, {{"perm", std::move(perm)}});
}

Lowered squeeze(Lowering& node) {
  if (node.opset() >= 13) return node.emit(Op::squeeze);
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  return node.emit(Op::squeeze, with_list(node, "axes"));
}

Lowered unsqueeze(Lowering& node) {
  if (node.opset() >= 13) return node.emit(Op::unsqueeze);
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  if (!node.has("axes")) node.fail(RefusalCode::onnx_malformed, "attribute axes", "is missing");
  return node.emit(Op::unsqueeze, {node.input(0), node.integer_list(node.integers("axes"))});
}

Lowered concat(Lowering& node) {
  if (!node.has("axis")) node.fail(RefusalCode::onnx_malformed, "attribute axis", "is missing");
  return node.emit(Op::concat, {{"axis", node.integer("axis", 0)}});
}

Lowered split(Lowering& node) {
  const bool old = node.opset() < 13;
  ISOTRACE_TRY_DONE(node.require_inputs(1, old ? 1 : 2));
  std::vector<DraftValue> inputs = old ? with_list(node, "split") : node.inputs();
  const auto outputs = static_cast<std::int64_t>(node.outputs());
  const std::int64_t announced =
      node.opset() >= 18 ? node.integer("num_outputs", outputs) : outputs;
  if (announced != outputs) {
    node.fail(RefusalCode::operation_attribute_invalid, "attribute num_outputs",
              std::to_string(announced) + ", the node has " + std::to_string(outputs));
  }
  return node.emit(Op::split, std::move(inputs), {{"axis", node.integer("axis", 0)}},
                   node.outputs());
}

Lowered slice(Lowering& node) {
  if (node.opset() >= 10) return node.emit(Op::slice);
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const Integers starts = node.integers("starts");
  const Integers ends = node.integers("ends");
  const Integers axes = node.integers("axes");
  if (!node.has("starts") || !node.has("ends")) {
    node.fail(RefusalCode::onnx_malformed, "attribute starts, ends", "are missing");
  }
  std::vector<DraftValue> inputs = {node.input(0), node.integer_list(starts),
                                    node.integer_list(ends)};
  if (!axes.empty()) inputs.emplace_back(node.integer_list(axes));
  return node.emit(Op::slice, std::move(inputs));
}

Lowered gather(Lowering& node) {
  return node.emit(Op::gather, {{"axis", node.integer("axis", 0)}});
}

/// The value of Pad-2 as a scalar of the data's type; +0 is the default and left out.
DraftValue pad_value(Lowering& node) {
  const float value = node.real("value", 0);
  if (value == 0 && !std::signbit(value)) return std::nullopt;
  if (auto scalar = make_scalar(node.info(0).dtype, value)) return node.constant(*scalar);
  node.fail(RefusalCode::onnx_dtype_unsupported, "attribute value", "not floating-point");
  return std::nullopt;
}

Lowered pad(Lowering& node) {
  std::string mode = node.text("mode", "constant");
  const bool wrap = node.opset() >= 19 && mode == "wrap";
  node.expect(wrap || mode == "constant" || mode == "reflect" || mode == "edge", "mode", mode);
  if (node.opset() >= 11) {
    ISOTRACE_TRY_DONE(node.require_inputs(2, node.opset() >= 18 ? 4 : 3));
    return node.emit(Op::pad, {{"mode", std::move(mode)}});
  }
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  if (!node.has("pads")) node.fail(RefusalCode::onnx_malformed, "attribute pads", "is missing");
  const std::size_t pads = node.integer_list(node.integers("pads"));
  const DraftValue value = pad_value(node);
  return node.emit(Op::pad, {node.input(0), pads, value}, {{"mode", std::move(mode)}});
}

Lowered shape(Lowering& node) {
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  const bool ranged = node.opset() >= 15;
  return node.emit(Op::shape, {{"end", ranged ? node.integer("end", last) : last},
                               {"start", ranged ? node.integer("start", 0) : 0}});
}

Lowered constant_of_shape(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  Tensor value = Tensor::of<float>({1}, {0.0F});
  if (auto given = node.tensor("value")) value = *std::move(given);
  if (value.elements() == 1) {
    value.reshape({1});
  } else {
    node.fail(RefusalCode::onnx_malformed, "attribute value",
              std::to_string(value.elements()) + " elements, one expected");
  }
  return node.emit(Op::constant_of_shape, {node.input(0), node.constant(std::move(value))});
}

constexpr LoweringRow rows[] = {
    {"Constant", 1, constant},
    {"ConstantOfShape", 9, constant_of_shape},
    {"ReduceSum", 1, reduce<Op::reduce_sum, 13>},
    {"ReduceMean", 1, reduce<Op::reduce_mean, 18>},
    {"ReduceMax", 1, reduce<Op::reduce_max, 18>},
    {"ReduceMin", 1, reduce<Op::reduce_min, 18>},
    {"ReduceProd", 1, reduce<Op::reduce_prod, 18>},
    {"ReduceL1", 1, reduce<Op::reduce_l1, 18>},
    {"ReduceL2", 1, reduce<Op::reduce_l2, 18>},
    {"ReduceLogSum", 1, reduce<Op::reduce_log_sum, 18>},
    {"ReduceLogSumExp", 1, reduce<Op::reduce_log_sum_exp, 18>},
    {"ReduceSumSquare", 1, reduce<Op::reduce_sum_square, 18>},
    {"ArgMax", 1, arg_extreme<Op::arg_max>},
    {"ArgMin", 1, arg_extreme<Op::arg_min>},
    {"Identity", 1, identity},
    {"Reshape", 6, reshape},
    {"Flatten", 1, flatten},
    {"Transpose", 1, transpose},
    {"Squeeze", 1, squeeze},
    {"Unsqueeze", 1, unsqueeze},
    {"Concat", 6, concat},
    {"Split", 6, split},
    {"Slice", 1, slice},
    {"Gather", 1, gather},
    {"Pad", 6, pad},
    {"Expand", 8, expand},
    {"Shape", 1, shape},
};

}  // namespace

std::span<const LoweringRow> movement_lowerings() { return rows; }

}  // namespace isotrace::executor
