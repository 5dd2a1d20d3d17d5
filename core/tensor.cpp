#include <isotrace/core/tensor.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/blocks.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/packed.hpp>

namespace isotrace::core {

namespace {

/// Whether a byte may stand in a tensor: the types of less than 8 bits leave bytes unused.
bool is_element(Dtype dtype, std::uint8_t byte) {
  switch (dtype) {
    case Dtype::boolean: return byte <= 1;
    case Dtype::i4: return byte <= 7 || byte >= 0xF8;
    case Dtype::i2: return byte <= 1 || byte >= 0xFE;
    case Dtype::u2: return byte <= 3;
    case Dtype::u4:
    case Dtype::f4e2m1: return byte <= 15;
    default: return true;
  }
}

}  // namespace

Result<std::size_t> byte_count(Dtype dtype, std::span<const std::int64_t> shape) {
  ISOTRACE_TRY(const std::size_t elements, element_count(shape));
  const std::size_t bytes = elements * dtype_bytes(dtype);
  if (bytes > limits::tensor_bytes_max) {
    return refuse(RefusalCode::limit_exceeded, "tensor " + shape_text(shape),
                  std::to_string(bytes) + " bytes");
  }
  return bytes;
}

Result<Done> check_tensor(Dtype dtype, const Shape& shape, ByteView bytes) {
  ISOTRACE_TRY(const std::size_t expected, byte_count(dtype, shape));
  if (expected != bytes.size() || (is_structured(dtype) && shape.size() != 1)) {
    return refuse(
        RefusalCode::shape_mismatch, "tensor " + shape_text(shape),
        std::to_string(bytes.size()) + " bytes, " + std::to_string(expected) + " expected");
  }
  if (is_structured(dtype)) {
    ISOTRACE_TRY_DONE(read_packed(dtype, bytes));
  } else if (dtype >= Dtype::boolean && !std::all_of(bytes.begin(), bytes.end(), [dtype](auto b) {
               return is_element(dtype, b);
             })) {
    return refuse(RefusalCode::value_out_of_range, "tensor " + shape_text(shape),
                  "a byte that is no " + std::string(dtype_name(dtype)));
  }
  return Done{};
}

Result<std::size_t> element_count(std::span<const std::int64_t> shape) {
  if (shape.size() > limits::tensor_rank_max) {
    return refuse(RefusalCode::limit_exceeded, "tensor", "rank " + std::to_string(shape.size()));
  }
  std::uint64_t count = 1;
  for (std::int64_t dim : shape) {
    if (dim < 0) {
      return refuse(RefusalCode::shape_mismatch, "tensor " + shape_text(shape),
                    "negative dimension");
    }
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(dim), &count) ||
        count > limits::tensor_bytes_max) {
      return refuse(RefusalCode::limit_exceeded, "tensor " + shape_text(shape),
                    "too many elements");
    }
  }
  return static_cast<std::size_t>(count);
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i != 0) text += ',';
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

TensorView::TensorView(Dtype dtype, std::span<const std::int64_t> shape, ByteView bytes)
    : dtype_(dtype), shape_(shape), bytes_(bytes), elements_(bytes.size() / dtype_bytes(dtype)) {
  const auto expected = byte_count(dtype, shape);
  ISOTRACE_CHECK(expected && *expected == bytes.size(), shape_text(shape), bytes.size());
}

void Tensor::Free::operator()(std::uint8_t* pointer) const { give_block({pointer, capacity}); }

Tensor::Tensor(Dtype dtype, Shape shape, Undefined) : dtype_(dtype), shape_(std::move(shape)) {
  const auto bytes = byte_count(dtype_, shape_);
  ISOTRACE_CHECK(bytes.has_value(), shape_text(shape_));
  size_ = *bytes;
  elements_ = size_ / dtype_bytes(dtype_);
  const MemoryBlock block = take_block(size_);
  storage_ = decltype(storage_)(block.data, Free(block.capacity));
}

Tensor::Tensor(Dtype dtype, Shape shape) : Tensor(dtype, std::move(shape), Undefined{}) {
  std::memset(storage_.get(), 0, size_);
}

Tensor::Tensor(const Tensor& other) : Tensor(other.dtype_, other.shape_, Undefined{}) {
  std::copy(other.bytes().begin(), other.bytes().end(), storage_.get());
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

Result<Tensor> Tensor::make(Dtype dtype, Shape shape) {
  ISOTRACE_TRY(Tensor tensor, make_for_overwrite(dtype, std::move(shape)));
  std::memset(tensor.storage_.get(), 0, tensor.size_);
  return tensor;
}

Result<Tensor> Tensor::make_for_overwrite(Dtype dtype, Shape shape) {
  ISOTRACE_TRY(const std::size_t bytes, byte_count(dtype, shape));
  try {
    return Tensor(dtype, std::move(shape), Undefined{});
  } catch (const std::bad_alloc&) {
    return refuse(RefusalCode::limit_exceeded, "tensor",
                  std::to_string(bytes) + " bytes, more than the memory has");
  }
}

Result<Tensor> Tensor::from_bytes(Dtype dtype, Shape shape, ByteView bytes) {
  ISOTRACE_TRY_DONE(check_tensor(dtype, shape, bytes));
  ISOTRACE_TRY(Tensor tensor, make_for_overwrite(dtype, std::move(shape)));
  std::copy(bytes.begin(), bytes.end(), tensor.storage_.get());
  return tensor;
}

void Tensor::reshape(Shape shape) {
  const auto count = element_count(shape);
  ISOTRACE_CHECK(count && *count == elements_, shape_text(shape), elements_);
  shape_ = std::move(shape);
}

bool identical(const TensorView& a, const TensorView& b) {
  return a.dtype() == b.dtype() &&
         std::equal(a.shape().begin(), a.shape().end(), b.shape().begin(), b.shape().end()) &&
         std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

Digest tensor_digest(const TensorView& tensor) {
  ByteWriter header;
  header.u8(static_cast<std::uint8_t>(tensor.dtype())).u8(static_cast<std::uint8_t>(tensor.rank()));
  for (std::int64_t dim : tensor.shape()) header.i64(dim);
  return blake3(header.bytes(), tensor.bytes());
}

}  // namespace isotrace::core
