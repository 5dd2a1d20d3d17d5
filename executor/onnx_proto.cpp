#include <isotrace/executor/onnx_proto.hpp>

#include <limits>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/onnx_packed.hpp>
#include <isotrace/executor/onnx_scan.hpp>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::refuse;

template <class Message>
core::Result<Message> parse(core::ByteView bytes, MessageKind kind, const char* what) {
  // Sizes inside protobuf are int, so 2 GiB is also the format's own limit.
  if (bytes.size() >
      std::min<std::uint64_t>(core::limits::model_bytes_max, std::numeric_limits<int>::max())) {
    return refuse(RefusalCode::limit_exceeded, what, std::to_string(bytes.size()) + " bytes");
  }
  ISOTRACE_TRY_DONE(check_message_count(bytes, kind));
  const google::protobuf::LogSilencer silence;  // damage is reported by us, not on stderr
  google::protobuf::io::CodedInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(onnx_nesting_max);
  Message message;
  try {
    if (!message.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
      return refuse(RefusalCode::onnx_malformed, what, "not a protobuf message of this kind");
    }
  } catch (const std::bad_alloc&) {
    return refuse(RefusalCode::limit_exceeded, what, "not enough memory");
  }
  return message;
}

}  // namespace

core::Result<onnx::ModelProto> parse_model_proto(core::ByteView bytes) {
  return parse<onnx::ModelProto>(bytes, MessageKind::model, "model");
}

core::Result<onnx::TensorProto> parse_tensor_proto(core::ByteView bytes) {
  return parse<onnx::TensorProto>(bytes, MessageKind::tensor, "tensor");
}

core::Result<core::Tensor> parse_packed_proto(core::ByteView bytes, core::Dtype dtype) {
  if (core::is_optional(dtype)) {
    ISOTRACE_TRY(const auto proto,
                 parse<onnx::OptionalProto>(bytes, MessageKind::optional, "optional"));
    return read_optional_proto(proto, dtype);
  }
  ISOTRACE_TRY(const auto proto,
               parse<onnx::SequenceProto>(bytes, MessageKind::sequence, "sequence"));
  return read_sequence_proto(proto, dtype);
}

}  // namespace isotrace::executor
