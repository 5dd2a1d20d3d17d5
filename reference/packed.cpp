#include <isotrace/reference/packed.hpp>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::reference {

bool takes_packed(core::Op op) {
  return op == core::Op::identity || core::op_info(op).control ||
         core::op_info(op).label.starts_with("sequence.");
}

Result<Tensor> write_packed(Dtype dtype, const core::Packed& value) {
  if (value.tensors.size() > core::limits::sequence_tensors_max) {
    return core::refuse(RefusalCode::limit_exceeded, "",
                        std::to_string(value.tensors.size()) + " tensors in a sequence");
  }
  core::ByteWriter head;
  if (core::is_optional(dtype)) head.u8(value.present ? 1 : 0);
  if (value.present && core::holds_sequence(dtype)) head.u64(value.tensors.size());
  std::size_t size = head.bytes().size();
  for (const core::PackedTensor& tensor : value.tensors) {
    size += 1 + 8 * tensor.shape.size() + tensor.bytes.size();
  }
  ISOTRACE_TRY(Tensor packed, Tensor::make(dtype, {static_cast<std::int64_t>(size)}));
  auto at = std::copy(head.bytes().begin(), head.bytes().end(), packed.mutable_bytes().begin());
  for (const core::PackedTensor& tensor : value.tensors) {
    core::ByteWriter shape;
    shape.u8(static_cast<std::uint8_t>(tensor.shape.size()));
    for (const std::int64_t dim : tensor.shape) shape.i64(dim);
    at = std::copy(shape.bytes().begin(), shape.bytes().end(), at);
    at = std::copy(tensor.bytes.begin(), tensor.bytes.end(), at);
  }
  return packed;
}

core::PackedTensor packed_tensor(const TensorView& tensor) {
  return {Shape(tensor.shape().begin(), tensor.shape().end()), tensor.bytes()};
}

Result<std::vector<core::PackedTensor>> read_sequence(const TensorView& operand) {
  if (!core::holds_sequence(operand.dtype()) || core::is_optional(operand.dtype())) {
    return refuse_dtype(operand.dtype());
  }
  ISOTRACE_TRY(core::Packed value, core::read_packed(operand.dtype(), operand.bytes()));
  return std::move(value.tensors);
}

}  // namespace isotrace::reference
