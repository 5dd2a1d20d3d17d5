#include <isotrace/backends/cpu/operations.hpp>

#include <algorithm>

#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends::cpu {

bool is_well_formed(const core::Node& node, core::Operands operands) {
  const core::OpInfo& info = core::op_info(node.op);
  if (operands.size() < info.inputs_min ||
      (info.inputs_max != core::any_number && operands.size() > info.inputs_max)) {
    return false;
  }
  if (node.outputs.size() < info.outputs_min ||
      (info.outputs_max != core::any_number && node.outputs.size() > info.outputs_max)) {
    return false;
  }
  for (std::size_t i = 0; i < info.inputs_min; ++i) {
    if (!operands[i]) return false;
  }
  for (const core::Attribute& attribute : node.attributes) {
    const auto kind = core::attribute_kind(node.op, attribute.name);
    if (!kind || *kind != core::attribute_kinds[attribute.value.index()]) return false;
  }
  const auto named = std::count(info.attributes.begin(), info.attributes.end(), ':');
  if (std::ssize(node.attributes) != named) return false;
  const auto by_name = [](const core::Attribute& a, const core::Attribute& b) {
    return a.name >= b.name;
  };
  // Ascending names, each of which the operation has: then every one of them is there.
  return std::adjacent_find(node.attributes.begin(), node.attributes.end(), by_name) ==
         node.attributes.end();
}

bool is_f32_call(const core::Node& node, core::Operands operands) {
  if (node.outputs.size() != 1 || !is_well_formed(node, operands)) return false;
  return std::all_of(operands.begin(), operands.end(), [](const auto& operand) {
    return !operand || operand->dtype() == core::Dtype::f32;
  });
}

bool is_regular_call(const core::Node& node, core::Operands operands) {
  return is_f32_call(node, operands) && node.integer("k_segment") >= 1;
}

Product make_product(Gemm gemm, const float* b, Index b_depth_stride, Index b_column_stride) {
  Product product{gemm, nullptr};
  const bool swap = gemm.columns == 1 && gemm.rows > 1 && gemm.c_stride == 1 &&
                    (gemm.finish.addend == nullptr || gemm.finish.addend_row_stride <= 1);
  if (!swap) {
    product.columns = std::make_unique<MatrixColumns>(b, b_depth_stride, b_column_stride);
  } else {
    product.columns =
        std::make_unique<MatrixColumns>(gemm.a, gemm.a_depth_stride, gemm.a_row_stride);
    product.gemm.rows = 1;
    product.gemm.columns = gemm.rows;
    product.gemm.a = b;
    product.gemm.a_row_stride = b_column_stride;
    product.gemm.a_depth_stride = b_depth_stride;
    product.gemm.c_stride = gemm.rows;
    product.gemm.finish.addend_row_stride = 0;
    product.gemm.finish.addend_column_stride = gemm.finish.addend_row_stride;
  }
  product.gemm.b = product.columns.get();
  return product;
}

core::Result<core::Done> run_products(std::span<const Product> products, const Engine& engine) {
  std::vector<Gemm> gemms;
  gemms.reserve(products.size());
  for (const Product& product : products) gemms.push_back(product.gemm);
  return run_gemms(gemms, engine);
}

Outcome run_or_ask_reference(decltype(try_conv)& attempt, const core::Node& node,
                             core::Operands operands, const Engine& engine) {
  ISOTRACE_TRY(std::optional<core::Tensor> result, attempt(node, operands, {}, engine));
  if (!result) return reference::evaluate(node, operands);
  return one_tensor(*std::move(result));
}

std::vector<core::Tensor> one_tensor(core::Tensor tensor) {
  std::vector<core::Tensor> tensors;
  tensors.push_back(std::move(tensor));
  return tensors;
}

}  // namespace isotrace::backends::cpu
