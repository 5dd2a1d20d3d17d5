// Data movement copies elements bit for bit, whatever their type.
#pragma once

#include <cstring>

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

/// The tensor of `shape` whose element at each position is x[start + sum of position * stride].
inline Result<Tensor> copy_strided(const TensorView& x, Shape shape, Strides strides,
                                   std::int64_t start = 0) {
  Odometer at(shape);
  at.add_stream(std::move(strides), start);
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  for (std::size_t i = 0; i < out.elements(); ++i) {
    copy_element(x, static_cast<std::size_t>(at.offset(0)), out, i);
    at.next();
  }
  return out;
}

}  // namespace isotrace::reference
