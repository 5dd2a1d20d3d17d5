// The operations that the cpu backend computes by packed matrix products. Each first sees whether
// the call is a well-formed one in f32; a call that is not is handed to the reference, whose
// refusal is the answer. So both backends refuse the same calls with the same words.
#pragma once

#include <optional>
#include <vector>

#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::cpu {

using Outcome = core::Result<std::vector<core::Tensor>>;

Outcome run_matmul(const core::Node& node, core::Operands operands, const Engine& engine);
Outcome run_gemm_operation(const core::Node& node, core::Operands operands, const Engine& engine);
Outcome run_conv(const core::Node& node, core::Operands operands, const Engine& engine);

/// The reference loop, on several threads where elements do not depend on each other.
Outcome run_reference(const core::Node& node, core::Operands operands, ThreadPool& pool);

/// Arity and attributes as core/ops.def states them, one result, operands all f32, k_segment >= 1.
bool is_regular_call(const core::Node& node, core::Operands operands);

/// c = a b for one result column is c^T = b^T a^T for one row: the form that does not waste lanes.
/// `columns` must outlive the product that uses it.
struct Product {
  Gemm gemm;
  std::unique_ptr<Columns> columns;
};
/// b has the given strides; c is contiguous.
Product make_product(Gemm gemm, const float* b, Index b_depth_stride, Index b_column_stride);

/// So many products are planned at a time: memory for plans stays small whatever the batch.
inline constexpr std::size_t products_max = 4096;

core::Result<core::Done> run_products(std::span<const Product> products, const Engine& engine);
std::vector<core::Tensor> one_tensor(core::Tensor tensor);

}  // namespace isotrace::backends::cpu
