// ONNX -> core::Program: operator sets 6 to 21, initialisers, constants, and older operator forms
// lowered to the newest one (core/ops.def). Hostile bytes are refused, never trusted.
#pragma once

#include <isotrace/core/program.hpp>

namespace isotrace::executor {

/// Refuses onnx_malformed, onnx_opset_unsupported, onnx_operation_unsupported,
/// onnx_attribute_unsupported, onnx_dtype_unsupported, onnx_external_data_unsupported,
/// program_ill_formed, limit_exceeded, and what infer_node refuses (a graph that fits no
/// execution); `where` names node number, operation and node name.
core::Result<core::Program> import_onnx(core::ByteView model);

/// Operator sets that are read, both ends included.
inline constexpr std::int64_t onnx_opset_min = 6;
inline constexpr std::int64_t onnx_opset_max = 21;

/// An ONNX operation that models may use, from operator set `since` on.
struct OnnxOperation {
  std::string_view name;
  std::int64_t since;
};
/// All of them, by name.
std::vector<OnnxOperation> onnx_operations();

/// A TensorProto (ONNX test data, `.pb`) or NumPy `.npy` (version 1 to 3, C order), told apart by
/// content.
core::Result<core::Tensor> parse_tensor_file(core::ByteView bytes);
/// `.npy` version 1.0, little-endian, C order (f16 as <f2; bf16 is refused).
core::Result<core::Bytes> write_npy(const core::TensorView& tensor);

}  // namespace isotrace::executor
