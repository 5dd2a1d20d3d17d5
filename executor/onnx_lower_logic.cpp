// Lowering of remainders, bits, tests and the newer activations.
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::RefusalCode;

template <Op op>
Lowered direct(Lowering& node) {
  return node.emit(op);
}

Lowered mod(Lowering& node) {
  return node.emit(Op::mod, {{"fmod", std::int64_t{node.integer("fmod", 0) != 0}}});
}

Lowered is_inf(Lowering& node) {
  const std::int64_t negative = node.integer("detect_negative", 1);
  const std::int64_t positive = node.integer("detect_positive", 1);
  return node.emit(Op::is_inf, {{"detect_negative", std::int64_t{negative != 0}},
                                {"detect_positive", std::int64_t{positive != 0}}});
}

Lowered bit_shift(Lowering& node) {
  if (!node.has("direction")) {
    node.fail(RefusalCode::onnx_malformed, "attribute direction", "is missing");
  }
  const std::string direction = node.text("direction", "LEFT");
  node.expect(direction == "LEFT" || direction == "RIGHT", "direction", direction);
  return node.emit(Op::bit_shift, {{"direction", direction}});
}

/// Only the type of the second operand matters.
Lowered cast_like(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 2));
  const bool saturate = node.opset() < 19 || node.integer("saturate", 1) != 0;
  if (node.opset() >= 24) node.ignore("round_mode");  // for f8e8m0 only, which is refused
  return emit_cast(node, node.input(0), node.info(1).dtype, saturate);
}

Lowered bit_cast(Lowering& node) {
  if (!node.has("to")) node.fail(RefusalCode::onnx_malformed, "attribute to", "is missing");
  const auto to = find_onnx_dtype(node.integer("to", 0));
  if (!to) node.fail(to.error().code, "attribute to", to.error().where);
  return node.emit(Op::bit_cast,
                   {{"to", static_cast<std::int64_t>(to.value_or(core::Dtype::f32))}});
}

/// x * sigmoid(alpha * x), each operation rounded on its own.
Lowered swish(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const float alpha = node.real("alpha", 1.0F);
  auto factor = make_scalar(node.info(0).dtype, alpha);
  if (!factor) node.fail(RefusalCode::onnx_dtype_unsupported, "operand 0", "not floating-point");
  ISOTRACE_TRY_DONE(node.check_attributes());
  DraftValue scaled = node.input(0);
  if (alpha != 1.0F) {
    ISOTRACE_TRY(scaled, first(node.emit(Op::mul, {scaled, node.constant(*std::move(factor))})));
  }
  ISOTRACE_TRY(const DraftValue gate, first(node.emit(Op::sigmoid, {scaled})));
  return node.emit(Op::mul, {node.input(0), gate});
}

Lowered thresholded_relu(Lowering& node) {
  return node.emit(Op::thresholded_relu, {{"alpha", node.real("alpha", 1.0F)}});
}

Lowered shrink(Lowering& node) {
  return node.emit(Op::shrink,
                   {{"bias", node.real("bias", 0.0F)}, {"lambd", node.real("lambd", 0.5F)}});
}

Lowered celu(Lowering& node) { return node.emit(Op::celu, {{"alpha", node.real("alpha", 1.0F)}}); }

Lowered gelu(Lowering& node) {
  const std::string approximate = node.text("approximate", "none");
  node.expect(approximate == "none" || approximate == "tanh", "approximate", approximate);
  return node.emit(Op::gelu, {{"approximate", approximate}});
}

/// As for Softmax, everything from `axis` on was one row before operator set 13.
Lowered hardmax(Lowering& node) {
  const bool flatten = node.opset() < 13;
  return node.emit(Op::hardmax, {{"axis", node.integer("axis", flatten ? 1 : -1)},
                                 {"flatten", std::int64_t{flatten ? 1 : 0}}});
}

constexpr LoweringRow rows[] = {
    {"LessOrEqual", 12, direct<Op::less_or_equal>},
    {"GreaterOrEqual", 12, direct<Op::greater_or_equal>},
    {"Mod", 10, mod},
    {"Sign", 9, direct<Op::sign>},
    {"Round", 11, direct<Op::round>},
    {"IsNaN", 9, direct<Op::is_nan>},
    {"IsInf", 10, is_inf},
    {"BitShift", 11, bit_shift},
    {"BitwiseAnd", 18, direct<Op::bitwise_and>},
    {"BitwiseOr", 18, direct<Op::bitwise_or>},
    {"BitwiseXor", 18, direct<Op::bitwise_xor>},
    {"BitwiseNot", 18, direct<Op::bitwise_not>},
    {"Mean", 6, direct<Op::mean>},
    {"CastLike", 15, cast_like},
    {"BitCast", 26, bit_cast},
    {"Swish", 24, swish},
    {"ThresholdedRelu", 10, thresholded_relu},
    {"Shrink", 9, shrink},
    {"Celu", 12, celu},
    {"HardSwish", 14, direct<Op::hard_swish>},
    {"Mish", 18, direct<Op::mish>},
    {"Gelu", 20, gelu},
    {"Hardmax", 1, hardmax},
};

}  // namespace

std::span<const LoweringRow> logic_lowerings() { return rows; }

}  // namespace isotrace::executor
