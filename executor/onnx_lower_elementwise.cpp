// Lowering of elementwise operations and activations.
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;

template <Op op>
Lowered direct(Lowering& node) {
  return node.emit(op);
}

/// Operator set 6 aligned the second operand at `axis` of the first; NumPy aligns at the end. The
/// difference is made up with trailing axes of size 1.
template <Op op>
Lowered binary(Lowering& node) {
  if (node.opset() >= 7) return node.emit(op);
  ISOTRACE_TRY_DONE(node.require_inputs(2, 2));
  const bool broadcast = node.integer("broadcast", 0) != 0;
  const bool aligned = node.has("axis");
  std::int64_t axis = node.integer("axis", 0);
  const auto rank_a = node.find_rank(0);
  const auto rank_b = node.find_rank(1);
  if (!broadcast || !aligned || rank_b == 0U) return node.emit(op);
  if (!rank_a || !rank_b) {
    node.fail(RefusalCode::onnx_attribute_unsupported, "attribute axis",
              "the ranks of the operands are not known");
    return node.emit(op);
  }
  const auto size_a = static_cast<std::int64_t>(*rank_a);
  const auto size_b = static_cast<std::int64_t>(*rank_b);
  if (axis < 0) axis += size_a;
  // Both ends are checked before anything is subtracted: a hostile axis is any 64-bit number.
  if (axis < 0 || axis > size_a - size_b) {
    node.fail(RefusalCode::shape_mismatch, "attribute axis",
              "the second operand does not fit into the first there");
    return node.emit(op);
  }
  const std::int64_t trailing = size_a - size_b - axis;
  if (trailing == 0) return node.emit(op);
  Integers axes;
  for (std::int64_t i = 0; i < trailing; ++i) {
    axes.push_back(size_b + i);
  }
  ISOTRACE_TRY(const auto wide, node.emit(Op::unsqueeze, {node.input(1), node.integer_list(axes)}));
  return node.emit(op, {node.input(0), wide.front()});
}

/// Bounds were attributes before operator set 11.
Lowered clip(Lowering& node) {
  if (node.opset() >= 11) return node.emit(Op::clip);
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  std::vector<DraftValue> inputs = {node.input(0), std::nullopt, std::nullopt};
  const char* names[] = {"min", "max"};
  for (std::size_t i = 0; i < 2; ++i) {
    const float bound = node.real(names[i], 0);
    if (!node.has(names[i])) continue;
    auto scalar = make_scalar(node.info(0).dtype, bound);
    if (!scalar) {
      node.fail(RefusalCode::onnx_dtype_unsupported, "operand 0", "not floating-point");
      break;
    }
    inputs[i + 1] = node.constant(*std::move(scalar));
  }
  return node.emit(Op::clip, std::move(inputs));
}

Lowered cast(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::int64_t to = node.integer("to", 0);
  if (!node.has("to")) node.fail(RefusalCode::onnx_malformed, "attribute to", "is missing");
  const bool saturate = node.opset() < 19 || node.integer("saturate", 1) != 0;
  if (node.opset() >= 24) node.ignore("round_mode");  // for f8e8m0 only, which is refused
  const auto dtype = find_onnx_dtype(to);
  if (!dtype) node.fail(dtype.error().code, "attribute to", dtype.error().where);
  return emit_cast(node, node.input(0), dtype.value_or(Dtype::f32), saturate);
}

Lowered leaky_relu(Lowering& node) {
  return node.emit(Op::leaky_relu, {{"alpha", node.real("alpha", 0.01F)}});
}

Lowered elu(Lowering& node) { return node.emit(Op::elu, {{"alpha", node.real("alpha", 1.0F)}}); }

Lowered selu(Lowering& node) {
  return node.emit(Op::selu, {{"alpha", node.real("alpha", 1.67326319217681884765625F)},
                              {"gamma", node.real("gamma", 1.05070102214813232421875F)}});
}

Lowered hard_sigmoid(Lowering& node) {
  return node.emit(Op::hard_sigmoid,
                   {{"alpha", node.real("alpha", 0.2F)}, {"beta", node.real("beta", 0.5F)}});
}

/// Operator set 6 gave one slope per channel (axis 1); NumPy aligns a list at the last axis.
Lowered prelu(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 2));
  const auto rank = node.find_rank(0);
  const bool is_list = node.find_rank(1) == 1U && node.info(1).shape->front() != 1;
  if (node.opset() >= 7 || !is_list) return node.emit(Op::prelu);
  if (!rank) {
    node.fail(RefusalCode::onnx_operation_unsupported, "", "the rank of the data is not known");
  }
  if (!rank || *rank <= 2) return node.emit(Op::prelu);
  Integers axes;
  for (std::size_t i = 1; i + 1 < *rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  ISOTRACE_TRY(const auto wide, node.emit(Op::unsqueeze, {node.input(1), node.integer_list(axes)}));
  return node.emit(Op::prelu, {node.input(0), wide.front()});
}

/// Before operator set 13 everything from `axis` on was one row.
template <Op op>
Lowered softmax(Lowering& node) {
  const bool flatten = node.opset() < 13;
  return node.emit(op, {{"axis", node.integer("axis", flatten ? 1 : -1)},
                        {"flatten", std::int64_t{flatten ? 1 : 0}}});
}

constexpr LoweringRow rows[] = {
    {"Add", 6, binary<Op::add>},
    {"Sub", 6, binary<Op::sub>},
    {"Mul", 6, binary<Op::mul>},
    {"Div", 6, binary<Op::div>},
    {"Pow", 6, binary<Op::pow>},
    {"Equal", 1, binary<Op::equal>},
    {"Less", 1, binary<Op::less>},
    {"Greater", 1, binary<Op::greater>},
    {"And", 1, binary<Op::logical_and>},
    {"Or", 1, binary<Op::logical_or>},
    {"Xor", 1, binary<Op::logical_xor>},
    {"Neg", 6, direct<Op::neg>},
    {"Abs", 6, direct<Op::abs>},
    {"Reciprocal", 6, direct<Op::reciprocal>},
    {"Sqrt", 6, direct<Op::sqrt>},
    {"Floor", 6, direct<Op::floor>},
    {"Ceil", 6, direct<Op::ceil>},
    {"Max", 6, direct<Op::max>},
    {"Min", 6, direct<Op::min>},
    {"Sum", 6, direct<Op::sum>},
    {"Where", 9, direct<Op::where>},
    {"Not", 1, direct<Op::logical_not>},
    {"Clip", 6, clip},
    {"Cast", 6, cast},
    {"Relu", 6, direct<Op::relu>},
    {"LeakyRelu", 6, leaky_relu},
    {"PRelu", 6, prelu},
    {"Elu", 6, elu},
    {"Selu", 6, selu},
    {"Sigmoid", 6, direct<Op::sigmoid>},
    {"HardSigmoid", 6, hard_sigmoid},
    {"Softplus", 1, direct<Op::softplus>},
    {"Softsign", 1, direct<Op::softsign>},
    {"Tanh", 6, direct<Op::tanh>},
    {"Exp", 6, direct<Op::exp>},
    {"Log", 6, direct<Op::log>},
    {"Sin", 7, direct<Op::sin>},
    {"Cos", 7, direct<Op::cos>},
    {"Tan", 7, direct<Op::tan>},
    {"Asin", 7, direct<Op::asin>},
    {"Acos", 7, direct<Op::acos>},
    {"Atan", 7, direct<Op::atan>},
    {"Sinh", 9, direct<Op::sinh>},
    {"Cosh", 9, direct<Op::cosh>},
    {"Asinh", 9, direct<Op::asinh>},
    {"Acosh", 9, direct<Op::acosh>},
    {"Atanh", 9, direct<Op::atanh>},
    {"Erf", 9, direct<Op::erf>},
    {"Softmax", 1, softmax<Op::softmax>},
    {"LogSoftmax", 1, softmax<Op::log_softmax>},
};

}  // namespace

std::span<const LoweringRow> elementwise_lowerings() { return rows; }

}  // namespace isotrace::executor
