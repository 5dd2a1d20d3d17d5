#include <isotrace/core/packed.hpp>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::core {
namespace {

Result<PackedTensor> read_tensor(ByteReader& in, Dtype element) {
  PackedTensor tensor;
  ISOTRACE_TRY(const std::uint8_t rank, in.u8());
  for (std::uint8_t i = 0; i < rank; ++i) {
    ISOTRACE_TRY(const std::int64_t dim, in.i64());
    tensor.shape.push_back(dim);
  }
  ISOTRACE_TRY(const std::size_t size, byte_count(element, tensor.shape));
  ISOTRACE_TRY(tensor.bytes, in.raw(size));
  ISOTRACE_TRY_DONE(check_tensor(element, tensor.shape, tensor.bytes));
  return tensor;
}

}  // namespace

Result<Packed> read_packed(Dtype dtype, ByteView bytes) {
  ByteReader in(bytes);
  Packed value;
  if (is_optional(dtype)) {
    ISOTRACE_TRY(const std::uint8_t present, in.u8());
    if (present > 1) return refuse(RefusalCode::value_out_of_range, "packing", "neither 0 nor 1");
    value.present = present == 1;
  }
  std::size_t count = value.present ? 1 : 0;
  if (value.present && holds_sequence(dtype)) {
    ISOTRACE_TRY(count, in.count(1, limits::sequence_tensors_max));
  }
  for (std::size_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(PackedTensor tensor, read_tensor(in, element_of(dtype)));
    value.tensors.push_back(std::move(tensor));
  }
  ISOTRACE_TRY_DONE(in.end());
  return value;
}

}  // namespace isotrace::core
