// Lowering of the operations on quantised tensors.
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Attribute;
using core::Dtype;
using core::Op;
using core::RefusalCode;

template <Op op>
Lowered direct(Lowering& node) {
  return node.emit(op);
}

/// One scale per tensor before operator set 13, per position of an axis from then on, per block of
/// it from 21 on.
std::vector<Attribute> scale_attributes(Lowering& node) {
  return {{"axis", node.opset() >= 13 ? node.integer("axis", 1) : 1},
          {"block_size", node.opset() >= 21 ? node.integer("block_size", 0) : 0}};
}

/// The type of the zero point, or the one named, or u8. A name and a zero point must agree.
Dtype quantised_dtype(Lowering& node) {
  const std::int64_t number = node.opset() >= 21 ? node.integer("output_dtype", 0) : 0;
  const auto named = number == 0 ? core::Result<Dtype>(Dtype::u8) : find_onnx_dtype(number);
  if (!named) {
    node.fail(named.error().code, "attribute output_dtype", named.error().where);
    return Dtype::u8;
  }
  if (!node.input(2)) return *named;
  const Dtype zero_point = node.info(2).dtype;
  if (number != 0 && zero_point != *named) {
    node.fail(RefusalCode::onnx_malformed, "attribute output_dtype",
              "not the type of the zero point");
  }
  return zero_point;
}

Lowered quantize_linear(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 3));
  std::vector<Attribute> attributes = scale_attributes(node);
  const Dtype dtype = quantised_dtype(node);
  const bool saturate = node.opset() < 19 || node.integer("saturate", 1) != 0;
  attributes.push_back({"output_dtype", static_cast<std::int64_t>(dtype)});
  attributes.push_back({"saturate", std::int64_t{saturate || !core::is_float(dtype)}});
  return node.emit(Op::quantize_linear, std::move(attributes));
}

Lowered dequantize_linear(Lowering& node) {
  return node.emit(Op::dequantize_linear, scale_attributes(node));
}

Lowered dynamic_quantize_linear(Lowering& node) {
  return node.emit(Op::dynamic_quantize_linear, node.inputs(), {}, 3);
}

constexpr LoweringRow rows[] = {
    {"QuantizeLinear", 10, quantize_linear},
    {"DequantizeLinear", 10, dequantize_linear},
    {"DynamicQuantizeLinear", 11, dynamic_quantize_linear},
    {"MatMulInteger", 10, direct<Op::matmul_integer>},
    {"QLinearMatMul", 10, direct<Op::qlinear_matmul>},
};

}  // namespace

std::span<const LoweringRow> quantise_lowerings() { return rows; }

}  // namespace isotrace::executor
