// Tensors: an owning one (64-byte aligned, row-major, little-endian) and a view. The content digest
// is the identity of a tensor everywhere: BLAKE3(dtype u8, rank u8, dims i64 LE, bytes).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <isotrace/core/check.hpp>
#include <isotrace/core/digest.hpp>
#include <isotrace/core/dtype.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::core {

using Shape = std::vector<std::int64_t>;

/// Number of elements; refuses negative dimensions, rank over the limit and overflow.
Result<std::size_t> element_count(std::span<const std::int64_t> shape);
/// Number of bytes; refuses what element_count refuses, and more than tensor_bytes_max.
Result<std::size_t> byte_count(Dtype dtype, std::span<const std::int64_t> shape);
/// Refuses bytes that are no tensor of this type and shape (Tensor::from_bytes).
Result<Done> check_tensor(Dtype dtype, const Shape& shape, ByteView bytes);
/// "[1,3,224,224]"
std::string shape_text(std::span<const std::int64_t> shape);

/// A tensor that somebody else owns. Cheap to copy; valid as long as the owner.
class TensorView {
 public:
  /// bytes.size() must be the size that dtype and shape give.
  TensorView(Dtype dtype, std::span<const std::int64_t> shape, ByteView bytes);

  [[nodiscard]] Dtype dtype() const { return dtype_; }
  [[nodiscard]] std::span<const std::int64_t> shape() const { return shape_; }
  [[nodiscard]] std::size_t rank() const { return shape_.size(); }
  [[nodiscard]] std::int64_t dim(std::size_t axis) const { return shape_[axis]; }
  [[nodiscard]] std::size_t elements() const { return elements_; }
  [[nodiscard]] ByteView bytes() const { return bytes_; }

  /// The elements; T must be the C++ type of dtype().
  template <class T>
  [[nodiscard]] std::span<const T> data() const {
    ISOTRACE_CHECK(dtype_of<T> == dtype_, dtype_name(dtype_));
    return {reinterpret_cast<const T*>(bytes_.data()), elements_};
  }

 private:
  Dtype dtype_;
  std::span<const std::int64_t> shape_;
  ByteView bytes_;
  std::size_t elements_;
};

/// The operands of a node, in order; an optional operand that is left out is empty.
using Operands = std::span<const std::optional<TensorView>>;

class Tensor {
 public:
  /// f32, shape [0]: the empty tensor.
  Tensor() : Tensor(Dtype::f32, Shape{0}) {}
  /// Zero-filled. The shape must be valid (element_count) and within limits.
  Tensor(Dtype dtype, Shape shape);
  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;

  /// Zero-filled, or refused (shape_mismatch; limit_exceeded also where memory does not suffice).
  static Result<Tensor> make(Dtype dtype, Shape shape);
  /// The same with undefined contents, for a caller that writes every element.
  static Result<Tensor> make_for_overwrite(Dtype dtype, Shape shape);
  /// Refuses bytes of another size than dtype and shape give, bytes that are no boolean, i4 or u4
  /// where these are asked for, and packings that are not canonical.
  static Result<Tensor> from_bytes(Dtype dtype, Shape shape, ByteView bytes);
  template <class T>
  static Tensor of(Shape shape, std::span<const T> values) {
    Tensor tensor(dtype_of<T>, std::move(shape));
    ISOTRACE_CHECK(values.size() == tensor.elements(), values.size(), tensor.elements());
    std::copy(values.begin(), values.end(), tensor.data<T>().begin());
    return tensor;
  }
  template <class T>
  static Tensor of(Shape shape, std::initializer_list<T> values) {
    return of<T>(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }

  [[nodiscard]] Dtype dtype() const { return dtype_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::size_t rank() const { return shape_.size(); }
  [[nodiscard]] std::int64_t dim(std::size_t axis) const { return shape_[axis]; }
  [[nodiscard]] std::size_t elements() const { return elements_; }
  [[nodiscard]] ByteView bytes() const { return {storage_.get(), size_}; }
  [[nodiscard]] std::span<std::uint8_t> mutable_bytes() { return {storage_.get(), size_}; }
  [[nodiscard]] TensorView view() const { return {dtype_, shape_, bytes()}; }
  operator TensorView() const { return view(); }  // NOLINT(google-explicit-constructor)

  template <class T>
  [[nodiscard]] std::span<const T> data() const {
    return view().data<T>();
  }
  template <class T>
  [[nodiscard]] std::span<T> data() {
    ISOTRACE_CHECK(dtype_of<T> == dtype_, dtype_name(dtype_));
    return {reinterpret_cast<T*>(storage_.get()), elements_};
  }

  /// The same bytes under another shape of as many elements.
  void reshape(Shape shape);

 private:
  struct Free {
    Free() : capacity(0) {}
    explicit Free(std::size_t bytes) : capacity(bytes) {}
    std::size_t capacity;
    void operator()(std::uint8_t* pointer) const;
  };
  struct Undefined {};
  Tensor(Dtype dtype, Shape shape, Undefined);
  Dtype dtype_;
  Shape shape_;
  std::size_t elements_ = 0;
  std::size_t size_ = 0;
  std::unique_ptr<std::uint8_t[], Free> storage_;
};

/// Same dtype, shape and bytes.
bool identical(const TensorView& a, const TensorView& b);

Digest tensor_digest(const TensorView& tensor);

}  // namespace isotrace::core
