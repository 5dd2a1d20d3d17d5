// Values that are no tensors: their types and their messages.
#include <isotrace/executor/onnx_packed.hpp>

#include <limits>

#include <isotrace/core/limits.hpp>
#include <isotrace/core/packed.hpp>
#include <isotrace/reference/packed.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Tensor;

auto malformed(std::string detail) {
  return refuse(RefusalCode::onnx_malformed, "value", std::move(detail));
}

/// The tensors; owns what the packing only points to.
Result<std::vector<Tensor>> read_tensors(const onnx::SequenceProto& proto, Dtype element) {
  if (proto.sparse_tensor_values_size() + proto.sequence_values_size() + proto.map_values_size() +
          proto.optional_values_size() !=
      0) {
    return refuse(RefusalCode::onnx_dtype_unsupported, "value", "a sequence of no tensors");
  }
  std::vector<Tensor> tensors;
  for (const auto& item : proto.tensor_values()) {
    ISOTRACE_TRY(Tensor tensor, read_tensor_proto(item));
    if (tensor.dtype() != element) {
      return malformed("a tensor of " + std::string(core::dtype_name(tensor.dtype())));
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<Tensor> pack(Dtype dtype, const std::vector<Tensor>& tensors) {
  core::Packed value;
  for (const Tensor& tensor : tensors) value.tensors.push_back(reference::packed_tensor(tensor));
  return reference::write_packed(dtype, value);
}

Result<OnnxType> read_tensor_type(const onnx::TypeProto::Tensor& type) {
  ISOTRACE_TRY(const Dtype dtype, find_onnx_dtype(type.elem_type()));
  if (!type.has_shape()) return OnnxType{dtype, core::any_rank};
  if (static_cast<std::size_t>(type.shape().dim_size()) > core::limits::tensor_rank_max) {
    return refuse(RefusalCode::limit_exceeded, "",
                  "rank " + std::to_string(type.shape().dim_size()));
  }
  OnnxType read{dtype, {}};
  for (const auto& dim : type.shape().dim()) {
    // Exporters write a free size as a name, as nothing, or as -1.
    const std::int64_t size = dim.has_dim_value() ? dim.dim_value() : -1;
    if (size < -1) return refuse(RefusalCode::onnx_malformed, "", "size " + std::to_string(size));
    read.shape.push_back(size);
  }
  return read;
}

template <class Message>
Result<core::Bytes> serialise(const Message& message, const std::string& name) {
  const std::size_t bytes = message.ByteSizeLong();
  if (bytes > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return refuse(RefusalCode::limit_exceeded, "value " + name,
                  std::to_string(bytes) + " bytes in one protobuf message");
  }
  const std::string text = message.SerializeAsString();
  return core::Bytes(text.begin(), text.end());
}

}  // namespace

Result<Tensor> read_sequence_proto(const onnx::SequenceProto& proto, Dtype dtype) {
  ISOTRACE_TRY(const auto tensors, read_tensors(proto, core::element_of(dtype)));
  return pack(dtype, tensors);
}

Result<Tensor> read_optional_proto(const onnx::OptionalProto& proto, Dtype dtype) {
  const bool absent = !proto.has_tensor_value() && !proto.has_sequence_value();
  if (proto.has_sparse_tensor_value() || proto.has_map_value() || proto.has_optional_value() ||
      (proto.has_tensor_value() && proto.has_sequence_value())) {
    return refuse(RefusalCode::onnx_dtype_unsupported, "value", "neither tensor nor sequence");
  }
  if (absent) return reference::write_packed(dtype, {false, {}});
  if (proto.has_sequence_value() != core::holds_sequence(dtype)) {
    return malformed("not of type " + std::string(core::dtype_name(dtype)));
  }
  std::vector<Tensor> tensors;
  if (proto.has_sequence_value()) {
    ISOTRACE_TRY(tensors, read_tensors(proto.sequence_value(), core::element_of(dtype)));
  } else {
    onnx::SequenceProto one;
    *one.add_tensor_values() = proto.tensor_value();
    ISOTRACE_TRY(tensors, read_tensors(one, core::element_of(dtype)));
  }
  return pack(dtype, tensors);
}

Result<core::Bytes> write_packed_proto(const NamedTensor& value) {
  const Dtype dtype = value.value.dtype();
  ISOTRACE_TRY(const core::Packed packed, core::read_packed(dtype, value.value.bytes()));
  onnx::SequenceProto sequence;
  sequence.set_elem_type(onnx::SequenceProto::TENSOR);
  for (const core::PackedTensor& item : packed.tensors) {
    const core::TensorView tensor(core::element_of(dtype), item.shape, item.bytes);
    ISOTRACE_TRY(*sequence.add_tensor_values(), make_tensor_proto("", tensor));
  }
  sequence.set_name(value.name);
  if (!core::is_optional(dtype)) return serialise(sequence, value.name);
  onnx::OptionalProto optional;
  optional.set_name(value.name);
  const bool holds_sequence = core::holds_sequence(dtype);
  optional.set_elem_type(holds_sequence ? onnx::OptionalProto::SEQUENCE
                                        : onnx::OptionalProto::TENSOR);
  if (packed.present && holds_sequence) {
    *optional.mutable_sequence_value() = std::move(sequence);
  } else if (packed.present) {
    *optional.mutable_tensor_value() = std::move(*sequence.mutable_tensor_values(0));
  }
  return serialise(optional, value.name);
}

Result<OnnxType> read_type_proto(const onnx::TypeProto& proto) {
  if (proto.has_tensor_type()) return read_tensor_type(proto.tensor_type());
  const bool optional = proto.has_optional_type();
  const onnx::TypeProto& inner = optional ? proto.optional_type().elem_type() : proto;
  if (optional && inner.has_tensor_type()) {
    ISOTRACE_TRY(const OnnxType element, read_tensor_type(inner.tensor_type()));
    return OnnxType{core::optional_of(element.dtype), core::any_rank};
  }
  if (!inner.has_sequence_type() || !inner.sequence_type().elem_type().has_tensor_type()) {
    return refuse(RefusalCode::onnx_dtype_unsupported, "",
                  "neither a tensor, nor a sequence of tensors, nor an optional of either");
  }
  ISOTRACE_TRY(const OnnxType element,
               read_tensor_type(inner.sequence_type().elem_type().tensor_type()));
  const Dtype sequence = core::sequence_of(element.dtype);
  return OnnxType{optional ? core::optional_of(sequence) : sequence, core::any_rank};
}

}  // namespace isotrace::executor
