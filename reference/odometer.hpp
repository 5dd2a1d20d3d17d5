// Walks the positions of a shape in row-major order and keeps, for several streams, the element
// offset that each has at that position. Broadcasting is a stride of 0, reversal a negative stride.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <isotrace/core/tensor.hpp>

namespace isotrace::reference {

using Strides = std::vector<std::int64_t>;

/// Row-major strides in elements.
Strides row_major_strides(std::span<const std::int64_t> shape);

/// Strides that read a tensor of `shape` as if it were broadcast to `target` (NumPy rules: aligned
/// at the last axis). `shape` must be broadcastable to `target`.
Strides broadcast_strides(std::span<const std::int64_t> shape,
                          std::span<const std::int64_t> target);

/// The product of a shape's dimensions from `begin` up to `end`; saturates, which only a shape with
/// a zero dimension elsewhere (no elements at all) can bring about.
std::size_t product(std::span<const std::int64_t> shape, std::size_t begin, std::size_t end);

class Odometer {
 public:
  explicit Odometer(std::span<const std::int64_t> shape)
      : shape_(shape.begin(), shape.end()), position_(shape.size(), 0) {}

  /// Adds a stream that starts at `start`; streams are numbered in order of their addition.
  void add_stream(Strides strides, std::int64_t start = 0);

  [[nodiscard]] std::int64_t offset(std::size_t stream) const { return offset_[stream]; }
  [[nodiscard]] std::span<const std::int64_t> position() const { return position_; }

  /// Goes to the next position; after the last one, back to the first.
  void next();

 private:
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> position_;
  std::vector<Strides> strides_;
  std::vector<std::int64_t> offset_;
};

}  // namespace isotrace::reference
