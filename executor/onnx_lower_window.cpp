// Lowering of contractions (MatMul, Gemm, Conv) and pooling.
#include <algorithm>

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Attribute;
using core::Op;
using core::RefusalCode;

/// Window attributes common to convolution and pooling, defaults filled in where the number of
/// spatial axes is known.
std::vector<Attribute> window_attributes(Lowering& node, std::optional<std::size_t> axes,
                                         bool dilated) {
  std::string auto_pad = node.text("auto_pad", "NOTSET");
  Integers pads = node.integers("pads");
  Integers strides = node.integers("strides");
  Integers dilations = dilated ? node.integers("dilations") : Integers();
  node.expect(auto_pad == "NOTSET" || auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER" ||
                  auto_pad == "VALID",
              "auto_pad", auto_pad);
  const bool explicit_pads =
      std::any_of(pads.begin(), pads.end(), [](std::int64_t pad) { return pad != 0; });
  node.expect(auto_pad == "NOTSET" || !explicit_pads, "pads", "given beside auto_pad");
  if (axes) {
    if (strides.empty()) strides.assign(*axes, 1);
    if (dilations.empty()) dilations.assign(*axes, 1);
    if (pads.empty()) pads.assign(2 * *axes, 0);
  }
  return {{"auto_pad", std::move(auto_pad)},
          {"dilations", std::move(dilations)},
          {"pads", std::move(pads)},
          {"strides", std::move(strides)}};
}

/// Spatial axes of a convolution, from kernel_shape or the weights; kernel_shape itself is dropped
/// after it was found to agree with the weights, which are the operand of that index.
std::optional<std::size_t> convolution_axes(Lowering& node, std::size_t index = 1) {
  const Integers kernel = node.integers("kernel_shape");
  const auto rank = node.find_rank(index);
  if (!rank) return kernel.empty() ? std::nullopt : std::optional(kernel.size());
  if (*rank < 3) {
    node.fail(RefusalCode::shape_mismatch, "weights", "rank " + std::to_string(*rank));
    return std::nullopt;
  }
  const core::Shape& weights = *node.info(index).shape;
  const bool agrees =
      kernel.empty() ||
      (kernel.size() == *rank - 2 && std::equal(kernel.begin(), kernel.end(), weights.begin() + 2,
                                                [](auto k, auto w) { return w < 0 || k == w; }));
  if (!agrees) {
    node.fail(RefusalCode::shape_mismatch, "attribute kernel_shape",
              core::shape_text(kernel) + ", weights " + core::shape_text(weights));
  }
  return *rank - 2;
}

Lowered conv(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 3));
  std::vector<Attribute> attributes = window_attributes(node, convolution_axes(node), true);
  attributes.push_back({"group", node.integer("group", 1)});
  attributes.push_back({"k_segment", k_segment});
  return node.emit(Op::conv, std::move(attributes));
}

/// ConvInteger and QLinearConv; integers add up in any order, so there are no segments.
template <Op op, std::size_t weights, std::size_t operands_min, std::size_t operands_max>
Lowered integer_conv(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(operands_min, operands_max));
  std::vector<Attribute> attributes =
      window_attributes(node, convolution_axes(node, weights), true);
  attributes.push_back({"group", node.integer("group", 1)});
  return node.emit(op, std::move(attributes));
}

Lowered conv_transpose(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 3));
  const auto axes = convolution_axes(node);
  std::vector<Attribute> attributes = window_attributes(node, axes, true);
  Integers output_padding = node.integers("output_padding");
  if (output_padding.empty() && axes) output_padding.assign(*axes, 0);
  attributes.push_back({"group", node.integer("group", 1)});
  attributes.push_back({"k_segment", k_segment});
  attributes.push_back({"output_padding", std::move(output_padding)});
  attributes.push_back({"output_shape", node.integers("output_shape")});
  return node.emit(Op::conv_transpose, std::move(attributes));
}

/// Attributes that DeformConv has beside those of the windows, which know no auto_pad.
Lowered deform_conv(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(3, 5));
  const auto axes = convolution_axes(node);
  Integers pads = node.integers("pads");
  Integers strides = node.integers("strides");
  Integers dilations = node.integers("dilations");
  if (axes) {
    if (strides.empty()) strides.assign(*axes, 1);
    if (dilations.empty()) dilations.assign(*axes, 1);
    if (pads.empty()) pads.assign(2 * *axes, 0);
  }
  return node.emit(Op::deform_conv, {{"dilations", std::move(dilations)},
                                     {"group", node.integer("group", 1)},
                                     {"k_segment", k_segment},
                                     {"offset_group", node.integer("offset_group", 1)},
                                     {"pads", std::move(pads)},
                                     {"strides", std::move(strides)}});
}

/// kernel_shape and what goes with it; operator sets that know ceil_mode say so.
std::vector<Attribute> pool_attributes(Lowering& node, bool dilated, bool ceiled) {
  Integers kernel = node.integers("kernel_shape");
  if (kernel.empty()) {
    node.fail(RefusalCode::onnx_malformed, "attribute kernel_shape", "is missing");
  }
  std::vector<Attribute> attributes = window_attributes(node, kernel.size(), dilated);
  attributes.push_back({"ceil_mode", ceiled ? node.integer("ceil_mode", 0) : 0});
  attributes.push_back({"kernel_shape", std::move(kernel)});
  return attributes;
}

Lowered max_pool(Lowering& node) {
  const bool indices = node.is_used(1);
  std::vector<Attribute> attributes = pool_attributes(node, node.opset() >= 10, node.opset() >= 10);
  const std::int64_t order = node.opset() >= 8 ? node.integer("storage_order", 0) : 0;
  // The order numbers the indices; without them it says nothing.
  attributes.push_back({"storage_order", indices ? order : 0});
  return node.emit(Op::max_pool, node.inputs(), std::move(attributes), indices ? 2 : 1);
}

Lowered average_pool(Lowering& node) {
  std::vector<Attribute> attributes = pool_attributes(node, node.opset() >= 19, node.opset() >= 10);
  attributes.push_back(
      {"count_include_pad", node.opset() >= 7 ? node.integer("count_include_pad", 0) : 0});
  return node.emit(Op::average_pool, std::move(attributes));
}

Lowered lp_pool(Lowering& node) {
  std::vector<Attribute> attributes = pool_attributes(node, node.opset() >= 18, node.opset() >= 18);
  attributes.push_back({"p", node.integer("p", 2)});
  return node.emit(Op::lp_pool, std::move(attributes));
}

Lowered global_lp_pool(Lowering& node) {
  return node.emit(Op::global_lp_pool, {{"p", node.integer("p", 2)}});
}

Lowered max_unpool(Lowering& node) {
  Integers kernel = node.integers("kernel_shape");
  Integers pads = node.integers("pads");
  Integers strides = node.integers("strides");
  if (kernel.empty()) {
    node.fail(RefusalCode::onnx_malformed, "attribute kernel_shape", "is missing");
  }
  if (pads.empty()) pads.assign(2 * kernel.size(), 0);
  if (strides.empty()) strides.assign(kernel.size(), 1);
  return node.emit(Op::max_unpool, {{"kernel_shape", std::move(kernel)},
                                    {"pads", std::move(pads)},
                                    {"strides", std::move(strides)}});
}

/// The number of axes may be known from the image only, so empty lists stay.
Lowered col2im(Lowering& node) {
  return node.emit(Op::col2im, {{"dilations", node.integers("dilations")},
                                {"pads", node.integers("pads")},
                                {"strides", node.integers("strides")}});
}

template <Op op>
Lowered direct(Lowering& node) {
  return node.emit(op);
}

Lowered matmul(Lowering& node) { return node.emit(Op::matmul, {{"k_segment", k_segment}}); }

Lowered gemm(Lowering& node) {
  // Operator set 6 had to be told that the addend broadcasts; it does so in the same way.
  if (node.opset() < 7) node.ignore("broadcast");
  return node.emit(Op::gemm, {{"alpha", node.real("alpha", 1.0F)},
                              {"beta", node.real("beta", 1.0F)},
                              {"k_segment", k_segment},
                              {"transA", std::int64_t{node.integer("transA", 0) != 0}},
                              {"transB", std::int64_t{node.integer("transB", 0) != 0}}});
}

constexpr LoweringRow rows[] = {
    {"MatMul", 1, matmul},
    {"Gemm", 6, gemm},
    {"ConvInteger", 10, integer_conv<Op::conv_integer, 1, 2, 4>},
    {"QLinearConv", 10, integer_conv<Op::qlinear_conv, 3, 8, 9>},
    {"Conv", 1, conv},
    {"ConvTranspose", 1, conv_transpose},
    {"DeformConv", 19, deform_conv},
    {"MaxPool", 1, max_pool},
    {"AveragePool", 1, average_pool},
    {"GlobalMaxPool", 1, direct<Op::global_max_pool>},
    {"GlobalAveragePool", 1, direct<Op::global_average_pool>},
    {"LpPool", 6, lp_pool},
    {"GlobalLpPool", 6, global_lp_pool},
    {"MaxUnpool", 9, max_unpool},
    {"Col2Im", 18, col2im},
};

}  // namespace

std::span<const LoweringRow> window_lowerings() { return rows; }

}  // namespace isotrace::executor
