// Walking a shape: the last axis moves fastest, and an axis that is through steps back to its
// start.
#include <isotrace/reference/odometer.hpp>

#include <algorithm>
#include <limits>

namespace isotrace::reference {

Strides row_major_strides(std::span<const std::int64_t> shape) {
  Strides strides(shape.size(), 0);
  // A tensor without elements may have dimensions whose product does not fit; it is never read.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return strides;
  std::int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Strides broadcast_strides(std::span<const std::int64_t> shape,
                          std::span<const std::int64_t> target) {
  ISOTRACE_CHECK(shape.size() <= target.size(), shape.size(), target.size());
  const std::size_t missing = target.size() - shape.size();
  const Strides own = row_major_strides(shape);
  Strides strides(target.size(), 0);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    ISOTRACE_CHECK(shape[axis] == 1 || shape[axis] == target[missing + axis], axis);
    if (shape[axis] != 1) strides[missing + axis] = own[axis];
  }
  return strides;
}

std::size_t product(std::span<const std::int64_t> shape, std::size_t begin, std::size_t end) {
  const auto part = shape.subspan(begin, end - begin);
  if (std::find(part.begin(), part.end(), 0) != part.end()) return 0;
  std::uint64_t count = 1;
  for (std::int64_t dim : part) {
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(dim), &count)) {
      return std::numeric_limits<std::size_t>::max();
    }
  }
  return count;
}

void Odometer::add_stream(Strides strides, std::int64_t start) {
  ISOTRACE_CHECK(strides.size() == shape_.size(), strides.size(), shape_.size());
  strides_.push_back(std::move(strides));
  offset_.push_back(start);
}

void Odometer::next() {
  for (std::size_t axis = shape_.size(); axis-- > 0;) {
    if (++position_[axis] < shape_[axis]) {
      for (std::size_t s = 0; s < offset_.size(); ++s) offset_[s] += strides_[s][axis];
      return;
    }
    position_[axis] = 0;
    for (std::size_t s = 0; s < offset_.size(); ++s)
      offset_[s] -= strides_[s][axis] * (shape_[axis] - 1);
  }
}

}  // namespace isotrace::reference
