// The operations for which the cpu backend has code of its own. Each first sees whether
// the call is a well-formed one in f32; a call that is not is handed to the reference, whose
// refusal is the answer. So both backends refuse the same calls with the same words.
#pragma once

#include <optional>
#include <vector>

#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/backends/cpu/integer_gemm.hpp>
#include <isotrace/backends/cpu/tail.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::cpu {

using Outcome = core::Result<std::vector<core::Tensor>>;

/// The result of an operation and the steps of its tail; nothing where the reference must answer,
/// or where the tail does not fit.
using Attempt = core::Result<std::optional<core::Tensor>>;
Attempt try_matmul(const core::Node& node, core::Operands operands, Steps tail,
                   const Engine& engine);
Attempt try_gemm(const core::Node& node, core::Operands operands, Steps tail, const Engine& engine);
Attempt try_conv(const core::Node& node, core::Operands operands, Steps tail, const Engine& engine);
/// The attempt without a tail, or else the reference's answer.
Outcome run_or_ask_reference(decltype(try_conv)& attempt, const core::Node& node,
                             core::Operands operands, const Engine& engine);

/// Backend::chain_length and Backend::run_chain.
std::size_t chain_length(std::span<const core::Node> nodes);
std::optional<core::Tensor> run_chain(Steps chain, const Engine& engine);

/// What operations on bytes run on.
struct QuantisedKernels {
  const IntegerKernels& integers;
  const ConversionKernels& conversions;
};
Outcome run_matmul_integer(const core::Node& node, core::Operands operands,
                           const IntegerKernels& kernels, const Engine& engine);
Outcome run_qlinear_matmul(const core::Node& node, core::Operands operands,
                           const QuantisedKernels& kernels, const Engine& engine);
Outcome run_conv_integer(const core::Node& node, core::Operands operands,
                         const IntegerKernels& kernels, const Engine& engine);
Outcome run_qlinear_conv(const core::Node& node, core::Operands operands,
                         const QuantisedKernels& kernels, const Engine& engine);
/// QuantizeLinear and DequantizeLinear.
Outcome run_quantisation(const core::Node& node, core::Operands operands,
                         const ConversionKernels& kernels, const Engine& engine);
Outcome run_dynamic_quantisation(const core::Node& node, core::Operands operands,
                                 const ConversionKernels& kernels, const Engine& engine);
Outcome run_cast(const core::Node& node, core::Operands operands, const ConversionKernels& kernels,
                 const Engine& engine);

Outcome run_elementwise(const core::Node& node, core::Operands operands, const Engine& engine);
Outcome run_batch_normalization(const core::Node& node, core::Operands operands,
                                const Engine& engine);
Outcome run_layer_normalization(const core::Node& node, core::Operands operands,
                                const Engine& engine);
/// Softmax and LogSoftmax.
Outcome run_softmax(const core::Node& node, core::Operands operands, const MathFunctions& functions,
                    const Engine& engine);
/// ReduceSum, ReduceMean, ReduceMax, ReduceMin.
Outcome run_reduction(const core::Node& node, core::Operands operands, const Engine& engine);
/// MaxPool and AveragePool, and over whole channels.
Outcome run_pool(const core::Node& node, core::Operands operands, const Engine& engine);
Outcome run_global_pool(const core::Node& node, core::Operands operands, const Engine& engine);
/// RNN, GRU and LSTM.
Outcome run_recurrent(const core::Node& node, core::Operands operands, const Engine& engine);
/// Transpose, Expand, ConstantOfShape, Slice, Split, Concat, Gather and Pad, of every element type.
Outcome run_movement(const core::Node& node, core::Operands operands, const Engine& engine);
/// A function of math.hpp where the operation is one and the operand f32, else run_reference.
Outcome run_math(const core::Node& node, core::Operands operands, const MathFunctions& functions,
                 ThreadPool& pool);

/// The reference loop, on several threads where elements do not depend on each other.
Outcome run_reference(const core::Node& node, core::Operands operands, ThreadPool& pool);

/// Arity and attributes as core/ops.def states them.
bool is_well_formed(const core::Node& node, core::Operands operands);
/// The same with one result and operands all f32.
bool is_f32_call(const core::Node& node, core::Operands operands);
/// The same for a contraction: k_segment >= 1.
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
