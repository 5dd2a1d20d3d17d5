// Lowering of the operations on quantised tensors.
#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Attribute;
using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::Result;

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

bool is_short_float(Dtype dtype) { return dtype == Dtype::f16 || dtype == Dtype::bf16; }

/// The type in which values are divided by scales, where it is not the operation's own: from
/// operator set 23 on the one named, or that of a scale of 16 bits.
std::optional<Dtype> division_dtype(Lowering& node) {
  if (node.opset() < 23) return std::nullopt;
  const std::int64_t number = node.integer("precision", 0);
  const Dtype scale = node.info(1).dtype;
  if (number == 0) return is_short_float(scale) ? std::optional(scale) : std::nullopt;
  const auto named = find_onnx_dtype(number);
  const bool known = named && (*named == Dtype::f32 || is_short_float(*named));
  node.expect(known, "precision", std::to_string(number));
  return known ? std::optional(*named) : std::nullopt;
}

Result<DraftValue> convert(Lowering& node, DraftValue value, Dtype to) {
  if (node.draft().info(*value).dtype == to) return value;
  return first(emit_cast(node, value, to));
}

/// The scales as they broadcast to the data. Refuses shapes that are not known.
Result<DraftValue> spread_scales(Lowering& node, DraftValue scales, std::int64_t axis,
                                 std::int64_t block_size) {
  const auto& x = node.info(0).shape;
  const auto& shape = node.info(1).shape;
  if (!x || !shape || std::ranges::find(*shape, -1) != shape->end()) {
    return core::refuse(RefusalCode::onnx_operation_unsupported, "operand 1",
                        "a division in 16 bits by scales whose shape is not known");
  }
  if (block_size == 0 && shape->size() <= 1 && (shape->empty() || shape->front() == 1)) {
    return first(
        node.emit(Op::reshape, {scales, node.integer_list({})}, {{"allowzero", std::int64_t{1}}}));
  }
  const auto rank = static_cast<std::int64_t>(x->size());
  const std::int64_t along = axis < 0 ? axis + rank : axis;
  if (along < 0 || along >= rank) {
    return core::refuse(RefusalCode::operation_attribute_invalid, "attribute axis",
                        std::to_string(axis));
  }
  Integers list;
  if (block_size == 0) {
    for (std::int64_t i = 1; i < rank - along; ++i) list.push_back(i);
    return first(node.emit(Op::unsqueeze, {scales, node.integer_list(list)}));
  }
  const std::int64_t size = (*x)[static_cast<std::size_t>(along)];
  if (block_size < 0 || size < 0 ||
      size > static_cast<std::int64_t>(core::limits::node_operands_max)) {
    return core::refuse(RefusalCode::onnx_operation_unsupported, "attribute block_size",
                        "a division in 16 bits by blocks of an axis of " + std::to_string(size));
  }
  for (std::int64_t i = 0; i < size; ++i) list.push_back(i / block_size);
  return first(node.emit(Op::gather, {scales, node.integer_list(list)}, {{"axis", along}}));
}

/// Operands of QuantizeLinear whose quotients are rounded to 16 bits: the quotients, and scales of
/// 1 arranged like the ones given.
Result<std::vector<DraftValue>> divide_first(Lowering& node, Dtype dtype, std::int64_t axis,
                                             std::int64_t block_size) {
  ISOTRACE_TRY(const DraftValue x, convert(node, node.input(0), dtype));
  ISOTRACE_TRY(const DraftValue scales, convert(node, node.input(1), dtype));
  ISOTRACE_TRY(const DraftValue divisors, spread_scales(node, scales, axis, block_size));
  ISOTRACE_TRY(const DraftValue quotients, first(node.emit(Op::div, {x, divisors})));
  ISOTRACE_TRY(core::Tensor ones, core::Tensor::make(Dtype::f32, *node.info(1).shape));
  std::ranges::fill(ones.data<float>(), 1.0F);
  return std::vector<DraftValue>{quotients, node.constant(std::move(ones)), node.input(2)};
}

Lowered quantize_linear(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 3));
  std::vector<Attribute> attributes = scale_attributes(node);
  const std::int64_t axis = std::get<std::int64_t>(attributes[0].value);
  const std::int64_t block_size = std::get<std::int64_t>(attributes[1].value);
  const Dtype dtype = quantised_dtype(node);
  const bool saturate = node.opset() < 19 || node.integer("saturate", 1) != 0;
  attributes.push_back({"output_dtype", static_cast<std::int64_t>(dtype)});
  attributes.push_back({"saturate", std::int64_t{saturate || !is_float8(dtype)}});
  const auto division = division_dtype(node);
  ISOTRACE_TRY_DONE(node.check_attributes());
  std::vector<DraftValue> inputs = node.inputs();
  if (division == Dtype::f32) {
    ISOTRACE_TRY(inputs[0], convert(node, inputs[0], Dtype::f32));
    ISOTRACE_TRY(inputs[1], convert(node, inputs[1], Dtype::f32));
  } else if (division) {
    ISOTRACE_TRY(inputs, divide_first(node, *division, axis, block_size));
  }
  return node.emit(Op::quantize_linear, std::move(inputs), std::move(attributes));
}

/// From operator set 23 on the result may have another type than the scale: the product, which is
/// computed in f32, is rounded to that type.
Lowered dequantize_linear(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 3));
  std::vector<Attribute> attributes = scale_attributes(node);
  const std::int64_t number = node.opset() >= 23 ? node.integer("output_dtype", 0) : 0;
  const auto named =
      number == 0 ? core::Result<Dtype>(node.info(1).dtype) : find_onnx_dtype(number);
  const bool known = named && (number == 0 || *named == Dtype::f32 || is_short_float(*named));
  node.expect(known, "output_dtype", std::to_string(number));
  ISOTRACE_TRY_DONE(node.check_attributes());
  if (*named == node.info(1).dtype) return node.emit(Op::dequantize_linear, std::move(attributes));
  std::vector<DraftValue> inputs = node.inputs();
  ISOTRACE_TRY(inputs[1], convert(node, inputs[1], Dtype::f32));
  ISOTRACE_TRY(const DraftValue y,
               first(node.emit(Op::dequantize_linear, std::move(inputs), std::move(attributes))));
  ISOTRACE_TRY(const DraftValue rounded, convert(node, y, *named));
  return std::vector<std::size_t>{*rounded};
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
