// Small ONNX models of one product, written byte by byte: what ONNX Runtime is given to time.
#pragma once

#include <cstdint>
#include <string>

#include <isotrace/core/digest.hpp>
#include <isotrace/core/dtype.hpp>
#include <isotrace/tools/bench/peers.hpp>

namespace isotrace::tools::bench {

/// The bytes of a model y = OP(a, b) with a[rows][depth] an input and b[depth][columns] a constant
/// of the bytes `b`, as a deployed layer has it. OP is "MatMul" or "MatMulInteger".
core::Bytes make_product_model(const std::string& operation, MatrixSize size, core::Dtype a,
                               core::Dtype b, core::Dtype y, core::ByteView b_bytes);

}  // namespace isotrace::tools::bench
