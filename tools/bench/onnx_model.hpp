// Small ONNX models of one operation, written byte by byte: what ONNX Runtime is given to time.
#pragma once

#include <cstdint>
#include <string>

#include <isotrace/core/program.hpp>
#include <isotrace/tools/bench/peers.hpp>

namespace isotrace::tools::bench {

/// The bytes of a model y = OP(a, b) with a[rows][depth] an input and b[depth][columns] a constant
/// of the bytes `b`, as a deployed layer has it. OP is "MatMul" or "MatMulInteger".
core::Bytes make_product_model(const std::string& operation, MatrixSize size, core::Dtype a,
                               core::Dtype b, core::Dtype y, core::ByteView b_bytes);

/// y = OP(x) for `elements` numbers in f32.
core::Bytes make_function_model(const std::string& operation, std::int64_t elements);

/// The bytes of a model of one operation whose operand 0 is an input and whose other operands are
/// constants; integer attributes only.
core::Bytes make_operation_model(const core::Node& node, std::span<const core::Tensor> operands,
                                 core::Dtype result, const core::Shape& result_shape);

}  // namespace isotrace::tools::bench
