// ONNX messages from bytes (internal to the importer). Bytes are measured before protobuf parses
// them: a message costs protobuf hundreds of bytes of memory for as little as two bytes of input.
#pragma once

#include <string>

#include <onnx/onnx-data_pb.h>
#include <onnx/onnx_pb.h>

#include <isotrace/executor/named_tensor.hpp>
#include <isotrace/executor/onnx_skeleton.hpp>

namespace isotrace::executor {

/// Refuses onnx_malformed and limit_exceeded.
core::Result<onnx::ModelProto> parse_model_proto(core::ByteView bytes);
core::Result<onnx::TensorProto> parse_tensor_proto(core::ByteView bytes);

/// Our element type for ONNX's; refuses onnx_dtype_unsupported.
core::Result<core::Dtype> find_onnx_dtype(std::int64_t number);
/// Values of a tensor message, from raw bytes or the typed field. Refuses onnx_malformed,
/// onnx_dtype_unsupported, onnx_external_data_unsupported, limit_exceeded.
core::Result<core::Tensor> read_tensor_proto(const onnx::TensorProto& proto);
/// The same where the message's raw data were left in the model (onnx_skeleton.hpp); also refuses
/// file_read_failed.
core::Result<core::Tensor> read_tensor_proto(const onnx::TensorProto& proto,
                                             const ModelBytes& model, RawData raw);
/// The same of a sparse tensor, zeros written out. Its indices must ascend; a dense size over
/// limits::attribute_elements_max is refused, because a few bytes could ask for any.
core::Result<core::Tensor> read_sparse_proto(const onnx::SparseTensorProto& proto);

/// The declared type of a value: a tensor, a sequence of tensors, or an optional of either.
struct OnnxType {
  core::Dtype dtype;
  core::Shape shape;  ///< -1: any size; or core::any_rank, also where there is no tensor
};
/// Refuses onnx_dtype_unsupported, onnx_malformed, limit_exceeded.
core::Result<OnnxType> read_type_proto(const onnx::TypeProto& proto);

/// The bytes of a SequenceProto or OptionalProto as a value of the structured type `dtype`. Refuses
/// what read_tensor_proto refuses, and onnx_malformed for a value of another type.
core::Result<core::Tensor> parse_packed_proto(core::ByteView bytes, core::Dtype dtype);
/// The number that find_onnx_dtype maps to an element type.
int onnx_dtype_number(core::Dtype dtype);
/// A tensor message: name, element type, dimensions, raw data. Refuses limit_exceeded for what
/// protobuf cannot write (2 GiB).
core::Result<onnx::TensorProto> make_tensor_proto(const std::string& name,
                                                  const core::TensorView& tensor);
/// The same as bytes.
core::Result<core::Bytes> write_tensor_proto(const NamedTensor& tensor);

}  // namespace isotrace::executor
