// What the operations on quantised tensors share: their element types, exact reading of operands,
// and the rounding to a quantised type (docs/spec/quantise.md).
#pragma once

#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

/// f of the type that a tensor is quantised to: integers of up to 16 bits and floats of up to 8.
template <class F>
auto visit_quantised(Dtype dtype, F&& f) -> decltype(f(Type<std::int8_t>{})) {
  switch (dtype) {
    case Dtype::i4: return f(Type<Int4>{});
    case Dtype::u4: return f(Type<UInt4>{});
    case Dtype::i2: return f(Type<Int2>{});
    case Dtype::u2: return f(Type<UInt2>{});
    case Dtype::f4e2m1: return f(Type<core::Float8<Dtype::f4e2m1>>{});
    case Dtype::i8: return f(Type<std::int8_t>{});
    case Dtype::u8: return f(Type<std::uint8_t>{});
    case Dtype::i16: return f(Type<std::int16_t>{});
    case Dtype::u16: return f(Type<std::uint16_t>{});
    case Dtype::f8e4m3fn: return f(Type<core::Float8<Dtype::f8e4m3fn>>{});
    case Dtype::f8e4m3fnuz: return f(Type<core::Float8<Dtype::f8e4m3fnuz>>{});
    case Dtype::f8e5m2: return f(Type<core::Float8<Dtype::f8e5m2>>{});
    case Dtype::f8e5m2fnuz: return f(Type<core::Float8<Dtype::f8e5m2fnuz>>{});
    default: return refuse_dtype(dtype);
  }
}

/// Least and greatest value of an integer type of at most 16 bits.
struct IntegerRange {
  std::int64_t low;
  std::int64_t high;
};
IntegerRange integer_range(Dtype dtype);

/// The elements of i32 or integers of at most 16 bits. Refuses operation_dtype_unsupported.
Result<std::vector<std::int64_t>> read_small_integers(const TensorView& x);
/// The elements of f32, f16 or bf16 in f32. Refuses operation_dtype_unsupported.
Result<std::vector<float>> read_scales(const TensorView& scale);

/// Nearest integer (ties to even) plus the zero point, clamped to the range; NaN gives the zero
/// point, which lies in the range.
std::int64_t quantise(double value, std::int64_t zero_point, IntegerRange range);

/// The element of an integer type that has this value, which lies in its range.
template <class T>
T integer_element(std::int64_t value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(value);
  } else {
    return {static_cast<decltype(T::value)>(value)};
  }
}

}  // namespace isotrace::reference
