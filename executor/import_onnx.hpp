// ONNX -> core::Program: operator sets 1 to 26, initialisers, constants, and older operator forms
// lowered to the newest one (core/ops.def). Hostile bytes are refused, never trusted.
#pragma once

#include <isotrace/core/program.hpp>
#include <isotrace/executor/model_bytes.hpp>
#include <isotrace/executor/model_folder.hpp>
#include <isotrace/executor/named_tensor.hpp>

namespace isotrace::executor {

/// Where the values of initialisers come from besides the model's own bytes. The program does not
/// depend on it: the same values give the same program.
struct ImportSources {
  /// Where external data lie; without it they are refused (onnx_external_data_unsupported).
  const ModelFolder* folder = nullptr;
  /// Values by the names of initialisers, in place of what the model says, or of graph inputs,
  /// which then are constants.
  std::span<const NamedTensor> weights = {};
};

/// Refuses onnx_malformed, onnx_opset_unsupported, onnx_operation_unsupported,
/// onnx_attribute_unsupported, onnx_dtype_unsupported, onnx_external_data_unsupported,
/// external_data_unsafe, weight_unknown, weight_mismatch, program_ill_formed, limit_exceeded, and
/// what infer_node refuses (a graph that fits no execution); `where` names node number, operation
/// and node name. Of several unsupported parts the first is named and the others are listed in
/// `detail`. Weights of the model's graph are read straight into the program; what a file refuses
/// (file_read_failed) is passed on.
core::Result<core::Program> import_onnx(const ModelBytes& model, const ImportSources& sources = {});
core::Result<core::Program> import_onnx(core::ByteView model, const ImportSources& sources = {});

/// Operator sets that are read, both ends included. Before 6, only operations that have not changed
/// until then.
inline constexpr std::int64_t onnx_opset_min = 1;
inline constexpr std::int64_t onnx_opset_max = 26;

/// An ONNX operation that models may use, in operator sets `since` to `last`.
struct OnnxOperation {
  std::string_view name;
  std::int64_t since;
  std::int64_t last;
  std::string_view domain = "";  ///< "" for the standard operators
};
/// All of them, by name.
std::vector<OnnxOperation> onnx_operations();

}  // namespace isotrace::executor
