#include <isotrace/referee/content.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::referee {

core::Bytes write_content(const core::TensorView& tensor) {
  core::ByteWriter out;
  out.u8(static_cast<std::uint8_t>(tensor.dtype())).u64(tensor.rank());
  for (const std::int64_t dim : tensor.shape()) out.i64(dim);
  out.block(tensor.bytes());
  return out.take();
}

core::Result<core::Tensor> parse_content(core::ByteView bytes) {
  core::ByteReader in(bytes);
  ISOTRACE_TRY(const std::uint8_t number, in.u8());
  const auto dtype = core::dtype_from_number(number);
  if (!dtype) {
    return core::refuse(core::RefusalCode::value_out_of_range, "dtype", std::to_string(number));
  }
  ISOTRACE_TRY(const std::size_t rank, in.count(8, core::limits::tensor_rank_max));
  core::Shape shape(rank);
  for (auto& dim : shape) {
    ISOTRACE_TRY(dim, in.i64());
  }
  ISOTRACE_TRY(const core::ByteView elements, in.block());
  ISOTRACE_TRY_DONE(in.end());
  return core::Tensor::from_bytes(*dtype, std::move(shape), elements);
}

}  // namespace isotrace::referee
