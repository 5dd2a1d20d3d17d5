// Data movement copies elements bit for bit, whatever their type.
#pragma once

#include <cstring>

#include <isotrace/reference/axis_view.hpp>
#include <isotrace/reference/call.hpp>
#include <isotrace/reference/odometer.hpp>

namespace isotrace::reference {

/// A copy of x under another shape of as many elements.
inline Result<Tensor> copy_as(const TensorView& x, Shape shape) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  ISOTRACE_CHECK(out.elements() == x.elements(), out.elements(), x.elements());
  std::copy(x.bytes().begin(), x.bytes().end(), out.mutable_bytes().begin());
  return out;
}

/// Element `to` of out = element `from` of x; the types agree.
inline void copy_element(const TensorView& x, std::size_t from, Tensor& out, std::size_t to) {
  const std::size_t size = core::dtype_bytes(x.dtype());
  std::memcpy(out.mutable_bytes().data() + to * size, x.bytes().data() + from * size, size);
}

/// The tensor of `shape` whose elements in order are x[start + sum of position * stride], where the
/// positions are those of `walk`, a shape of as many elements.
inline Result<Tensor> copy_walk(const TensorView& x, Shape shape,
                                std::span<const std::int64_t> walk, Strides strides,
                                std::int64_t start = 0) {
  Odometer at(walk);
  at.add_stream(std::move(strides), start);
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  for (std::size_t i = 0; i < out.elements(); ++i) {
    copy_element(x, static_cast<std::size_t>(at.offset(0)), out, i);
    at.next();
  }
  return out;
}

/// copy_walk along the result's own shape.
inline Result<Tensor> copy_strided(const TensorView& x, Shape shape, Strides strides,
                                   std::int64_t start = 0) {
  const Shape walk = shape;
  return copy_walk(x, std::move(shape), walk, std::move(strides), start);
}

/// The tensor of `shape` that has, in place of the axis, x at these positions along it. Their
/// number is the product of the sizes that stand in `shape` for the axis.
inline Result<Tensor> take_along(const TensorView& x, std::size_t axis,
                                 std::span<const std::size_t> positions, Shape shape) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  if (out.elements() == 0) return out;
  const AxisView view(x.shape(), axis);
  const std::size_t bytes = view.inner * core::dtype_bytes(x.dtype());
  std::uint8_t* target = out.mutable_bytes().data();
  for (std::size_t before = 0; before < view.outer; ++before) {
    for (std::size_t position : positions) {
      std::memcpy(target, x.bytes().data() + (before * view.size + position) * bytes, bytes);
      target += bytes;
    }
  }
  return out;
}

}  // namespace isotrace::reference
