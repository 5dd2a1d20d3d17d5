#include <isotrace/executor/stack.hpp>

#include <algorithm>
#include <cstring>

#include <isotrace/executor/infer_rules.hpp>

namespace isotrace::executor {

using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using core::Tensor;

namespace {

/// Bytes of one element of the axes before `axis`: everything from it on.
std::size_t bytes_after(const core::TensorView& tensor, std::size_t axis) {
  std::size_t bytes = core::dtype_bytes(tensor.dtype());
  for (std::size_t i = axis; i < tensor.rank(); ++i) {
    bytes *= static_cast<std::size_t>(tensor.dim(i));
  }
  return bytes;
}

Result<core::Done> check_tensor_type(core::Dtype dtype) {
  if (!core::is_structured(dtype)) return core::Done{};
  return refuse(RefusalCode::operation_dtype_unsupported, "scan input or output",
                std::string(core::dtype_name(dtype)));
}

Result<Shape> stacked_shape(Shape part, std::int64_t axis, std::int64_t count) {
  ISOTRACE_TRY(const std::size_t along, resolve_axis(axis, part.size() + 1));
  part.insert(part.begin() + static_cast<std::ptrdiff_t>(along), count);
  return part;
}

}  // namespace

Result<Tensor> slice(const core::TensorView& tensor, std::size_t axis, std::int64_t index) {
  ISOTRACE_TRY_DONE(check_tensor_type(tensor.dtype()));
  Shape shape(tensor.shape().begin(), tensor.shape().end());
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  ISOTRACE_TRY(Tensor part, Tensor::make(tensor.dtype(), std::move(shape)));
  const std::size_t size = bytes_after(tensor, axis + 1);
  const std::size_t stride = bytes_after(tensor, axis);
  const std::uint8_t* source = tensor.bytes().data() + static_cast<std::size_t>(index) * size;
  for (std::size_t at = 0; at < part.bytes().size(); at += size, source += stride) {
    std::memcpy(part.mutable_bytes().data() + at, source, size);
  }
  return part;
}

Result<Tensor> stack(std::span<const core::TensorView> parts, std::int64_t axis) {
  const core::TensorView& first = parts.front();
  ISOTRACE_TRY_DONE(check_tensor_type(first.dtype()));
  for (const core::TensorView& part : parts) {
    if (std::ranges::equal(part.shape(), first.shape())) continue;
    return refuse(RefusalCode::shape_mismatch, "scan output",
                  core::shape_text(first.shape()) + " and " + core::shape_text(part.shape()));
  }
  ISOTRACE_TRY(Shape shape, stacked_shape(Shape(first.shape().begin(), first.shape().end()), axis,
                                          std::ssize(parts)));
  ISOTRACE_TRY(const std::size_t along, resolve_axis(axis, shape.size()));
  ISOTRACE_TRY(Tensor whole, Tensor::make(first.dtype(), std::move(shape)));
  const std::size_t size = bytes_after(first, along);
  std::uint8_t* target = whole.mutable_bytes().data();
  for (std::size_t at = 0; at < first.bytes().size(); at += size) {
    for (const core::TensorView& part : parts) {
      std::memcpy(target, part.bytes().data() + at, size);
      target += size;
    }
  }
  return whole;
}

Result<Tensor> empty_stack(core::Dtype dtype, Shape part, std::int64_t axis) {
  ISOTRACE_TRY_DONE(check_tensor_type(dtype));
  ISOTRACE_TRY(Shape shape, stacked_shape(std::move(part), axis, 0));
  return Tensor::make(dtype, std::move(shape));
}

}  // namespace isotrace::executor
