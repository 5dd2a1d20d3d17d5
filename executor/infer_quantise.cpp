// Types and shapes of the operations on quantised tensors.
#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Node;
using core::Result;
using Infos = Result<std::vector<ValueInfo>>;

std::vector<ValueInfo> one(Dtype dtype, MaybeShape shape) {
  std::vector<ValueInfo> results;
  results.push_back({dtype, std::move(shape), std::nullopt});
  return results;
}

Infos infer_quantize_linear(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const Dtype dtype, reference::dtype_attribute(node, "output_dtype"));
  return one(dtype, operands[0]->shape);
}

Infos infer_dequantize_linear(const Node&, OperandInfos operands) {
  return one(operands[1]->dtype, operands[0]->shape);
}

Infos infer_dynamic_quantize_linear(const Node&, OperandInfos operands) {
  std::vector<ValueInfo> results = one(Dtype::u8, operands[0]->shape);
  results.push_back({Dtype::f32, core::Shape{}, std::nullopt});
  results.push_back({Dtype::u8, core::Shape{}, std::nullopt});
  return results;
}

/// The two operands that a plain MatMul or Conv would have.
std::vector<std::optional<ValueInfo>> factors(OperandInfos operands, std::size_t second) {
  return {operands[0], operands[second]};
}

Infos infer_matmul_integer(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(MaybeShape shape, infer_matmul(node, factors(operands, 1)));
  return one(Dtype::i32, std::move(shape));
}

Infos infer_qlinear_matmul(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(MaybeShape shape, infer_matmul(node, factors(operands, 3)));
  return one(operands[7]->dtype, std::move(shape));
}

Infos infer_conv_integer(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(MaybeShape shape, infer_conv(node, factors(operands, 1)));
  return one(Dtype::i32, std::move(shape));
}

Infos infer_qlinear_conv(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(MaybeShape shape, infer_conv(node, factors(operands, 3)));
  return one(operands[7]->dtype, std::move(shape));
}

constexpr InferRow rows[] = {
    {core::Op::quantize_linear, &infer_quantize_linear},
    {core::Op::dequantize_linear, &infer_dequantize_linear},
    {core::Op::dynamic_quantize_linear, &infer_dynamic_quantize_linear},
    {core::Op::matmul_integer, &infer_matmul_integer},
    {core::Op::qlinear_matmul, &infer_qlinear_matmul},
    {core::Op::conv_integer, &infer_conv_integer},
    {core::Op::qlinear_conv, &infer_qlinear_conv},
};

}  // namespace

std::span<const InferRow> infer_quantise_rows() { return rows; }

}  // namespace isotrace::executor
