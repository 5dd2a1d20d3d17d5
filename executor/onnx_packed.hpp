// SequenceProto and OptionalProto -> core::Tensor and back (internal to the importer).
#pragma once

#include <isotrace/executor/onnx_proto.hpp>

namespace isotrace::executor {

/// The message as a value of type `dtype`. Refuse onnx_malformed for a value of another type, and
/// what read_tensor_proto refuses.
core::Result<core::Tensor> read_sequence_proto(const onnx::SequenceProto& proto, core::Dtype dtype);
core::Result<core::Tensor> read_optional_proto(const onnx::OptionalProto& proto, core::Dtype dtype);

/// A sequence or optional as the bytes of its message, which read back as the same value. Refuses
/// limit_exceeded.
core::Result<core::Bytes> write_packed_proto(const NamedTensor& value);

}  // namespace isotrace::executor
