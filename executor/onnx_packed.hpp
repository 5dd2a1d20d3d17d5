// SequenceProto and OptionalProto -> core::Tensor (internal to the importer).
#pragma once

#include <isotrace/executor/onnx_proto.hpp>

namespace isotrace::executor {

/// The message as a value of type `dtype`. Refuse onnx_malformed for a value of another type, and
/// what read_tensor_proto refuses.
core::Result<core::Tensor> read_sequence_proto(const onnx::SequenceProto& proto, core::Dtype dtype);
core::Result<core::Tensor> read_optional_proto(const onnx::OptionalProto& proto, core::Dtype dtype);

}  // namespace isotrace::executor
