// The two loops behind elementwise operations: one operand, and two operands that broadcast.
#pragma once

#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

/// out[i] = round(f(x[i])) in the type that T is computed in.
template <class T, class F>
Result<Tensor> map_unary(const TensorView& x, F f) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
  const auto source = x.data<T>();
  const auto target = out.data<T>();
  for (std::size_t i = 0; i < target.size(); ++i) target[i] = narrow<T>(f(widen(source[i])));
  return out;
}

/// out[i] = f(a[i], b[i]) on elements as they are stored, NumPy broadcasting.
template <class Out, class T, class F>
Result<Tensor> zip_elements(const TensorView& a, const TensorView& b, F f) {
  ISOTRACE_TRY(Shape shape, broadcast_shapes(a.shape(), b.shape()));
  Odometer at(shape);
  at.add_stream(broadcast_strides(a.shape(), shape));
  at.add_stream(broadcast_strides(b.shape(), shape));
  ISOTRACE_TRY(Tensor out, Tensor::make(core::dtype_of<Out>, std::move(shape)));
  const auto x = a.data<T>();
  const auto y = b.data<T>();
  for (Out& element : out.data<Out>()) {
    element =
        f(x[static_cast<std::size_t>(at.offset(0))], y[static_cast<std::size_t>(at.offset(1))]);
    at.next();
  }
  return out;
}

/// out[i] = round(f(a[i], b[i])) in the type that T is computed in.
template <class T, class F>
Result<Tensor> map_binary(const TensorView& a, const TensorView& b, F f) {
  return zip_elements<T, T>(a, b, [f](T x, T y) { return narrow<T>(f(widen(x), widen(y))); });
}

}  // namespace isotrace::reference
