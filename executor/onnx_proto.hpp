// ONNX messages from bytes (internal to the importer). Bytes are measured before protobuf parses
// them: a message costs protobuf hundreds of bytes of memory for as little as two bytes of input.
#pragma once

#include <string>

#include <onnx/onnx_pb.h>

#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

/// Refuses onnx_malformed and limit_exceeded.
core::Result<onnx::ModelProto> parse_model_proto(core::ByteView bytes);
core::Result<onnx::TensorProto> parse_tensor_proto(core::ByteView bytes);

/// Our element type for ONNX's; refuses onnx_dtype_unsupported.
core::Result<core::Dtype> find_onnx_dtype(std::int64_t number);
/// Values of a tensor message, from raw bytes or the typed field. Refuses onnx_malformed,
/// onnx_dtype_unsupported, onnx_external_data_unsupported, limit_exceeded.
core::Result<core::Tensor> read_tensor_proto(const onnx::TensorProto& proto);

}  // namespace isotrace::executor
