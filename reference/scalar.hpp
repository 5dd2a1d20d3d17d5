// Elements as numbers: every element type has the type it is computed in (`Wide`), an exact way in
// and one rounding out. Integers wrap modulo 2^n. Also the switch from a Dtype to a C++ type.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

using core::BFloat16;
using core::Bool8;
using core::Half;
using core::Int2;
using core::Int4;
using core::UInt2;
using core::UInt4;

template <class T>
inline constexpr bool is_float8 = false;
template <Dtype format>
inline constexpr bool is_float8<core::Float8<format>> = true;

/// Floats below 32 bits are computed in f32; everything else in itself.
template <class T>
using Wide =
    std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> || is_float8<T>,
                       float, T>;

/// Exact.
template <class T>
Wide<T> widen(T value) {
  if constexpr (std::is_same_v<Wide<T>, T>) {
    return value;
  } else {
    return core::to_f32(value);
  }
}

/// The one rounding at the end of an arithmetic operation; every NaN becomes the canonical one.
/// What overflows is infinity, or NaN in types without.
template <class T>
T narrow(Wide<T> value) {
  if constexpr (std::is_same_v<T, Half>) {
    return core::to_half(value);
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return core::to_bfloat16(value);
  } else if constexpr (is_float8<T>) {
    return core::to_float8<core::dtype_of<T>>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return core::canonical(value);
  } else {
    return value;
  }
}

/// The elements of a tensor, widened: the tensor's own memory where the types agree.
template <class T>
class Widened {
 public:
  explicit Widened(std::span<const T> elements) {
    if constexpr (std::is_same_v<Wide<T>, T>) {
      values_ = elements;
    } else {
      copy_.reserve(elements.size());
      for (T element : elements) copy_.push_back(widen(element));
      values_ = copy_;
    }
  }
  Widened(const Widened&) = delete;
  Widened& operator=(const Widened&) = delete;
  [[nodiscard]] std::span<const Wide<T>> values() const { return values_; }

 private:
  std::vector<Wide<T>> copy_;
  std::span<const Wide<T>> values_;
};

/// The unsigned type in which T wraps without promotion to int (u16 * u16 would overflow int).
template <class T>
using Wrapping = std::common_type_t<std::make_unsigned_t<T>, unsigned>;

template <class T>
T add(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a + b;
  } else {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
}

template <class T>
T subtract(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a - b;
  } else {
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
}

template <class T>
T multiply(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a * b;
  } else {
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
}

/// a * b + c with one rounding; exact modulo 2^n for integers.
template <class T>
T multiply_add(T a, T b, T c) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fma(a, b, c);
  } else {
    return add(multiply(a, b), c);
  }
}

/// IEEE 754-2019 maximum: NaN propagates, +0 > -0.
template <class T>
T maximum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a > b ? a : b;
}

/// IEEE 754-2019 minimum: NaN propagates, -0 < +0.
template <class T>
T minimum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}

/// The order in which maxima are looked for by position: NaN above all, the two zeros equal.
template <class T>
bool is_greater(T a, T b) {
  return a > b || (a != a && b == b);
}

/// What the maximum of nothing is: -inf, or the least integer.
template <class T>
constexpr T lowest() {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  return std::numeric_limits<T>::lowest();
}
/// What the minimum of nothing is: +inf, or the greatest integer.
template <class T>
constexpr T highest() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::infinity();
  return std::numeric_limits<T>::max();
}

/// A number of any type as an index: floats truncate and saturate, NaN is 0; u64 saturates.
template <class Number>
std::int64_t to_index(Number value) {
  if constexpr (std::is_floating_point_v<Number>) {
    return core::to_integer<std::int64_t>(value);
  } else {
    return std::in_range<std::int64_t>(value) ? static_cast<std::int64_t>(value)
                                              : std::numeric_limits<std::int64_t>::max();
  }
}

/// Integers of 2 and 4 bits.
template <class T>
inline constexpr bool is_tiny = std::is_same_v<T, Int4> || std::is_same_v<T, UInt4> ||
                                std::is_same_v<T, Int2> || std::is_same_v<T, UInt2>;
/// Types without arithmetic, whose element is a small number in `value`.
template <class T>
inline constexpr bool is_boxed = std::is_same_v<T, Bool8> || is_tiny<T>;

/// Carries a C++ type to a generic lambda.
template <class T>
struct Type {
  using type = T;
};

/// f(Type<float>) for floats up to 32 bits by their own types; refuses operation_dtype_unsupported
/// otherwise. For operations that contain a math function, which exists for binary32 alone.
template <class F>
auto visit_singles(Dtype dtype, F&& f) -> decltype(f(Type<float>{})) {
  switch (dtype) {
    case Dtype::f32: return f(Type<float>{});
    case Dtype::f16: return f(Type<Half>{});
    case Dtype::bf16: return f(Type<BFloat16>{});
    case Dtype::f8e4m3fn: return f(Type<core::Float8<Dtype::f8e4m3fn>>{});
    case Dtype::f8e4m3fnuz: return f(Type<core::Float8<Dtype::f8e4m3fnuz>>{});
    case Dtype::f8e5m2: return f(Type<core::Float8<Dtype::f8e5m2>>{});
    case Dtype::f8e5m2fnuz: return f(Type<core::Float8<Dtype::f8e5m2fnuz>>{});
    default: return refuse_dtype(dtype);
  }
}

/// The eight floating-point types.
template <class F>
auto visit_floats(Dtype dtype, F&& f) -> decltype(f(Type<float>{})) {
  if (dtype == Dtype::f64) return f(Type<double>{});
  return visit_singles(dtype, f);
}

/// The eight integer types of whole bytes.
template <class F>
auto visit_integers(Dtype dtype, F&& f) -> decltype(f(Type<std::int32_t>{})) {
  switch (dtype) {
    case Dtype::i8: return f(Type<std::int8_t>{});
    case Dtype::u8: return f(Type<std::uint8_t>{});
    case Dtype::i16: return f(Type<std::int16_t>{});
    case Dtype::u16: return f(Type<std::uint16_t>{});
    case Dtype::i32: return f(Type<std::int32_t>{});
    case Dtype::u32: return f(Type<std::uint32_t>{});
    case Dtype::i64: return f(Type<std::int64_t>{});
    case Dtype::u64: return f(Type<std::uint64_t>{});
    default: return refuse_dtype(dtype);
  }
}

/// The types that have arithmetic: all but booleans and types of less than 8 bits.
template <class F>
auto visit_numbers(Dtype dtype, F&& f) -> decltype(f(Type<float>{})) {
  if (core::is_float(dtype)) return visit_floats(dtype, f);
  return visit_integers(dtype, f);
}

/// Every type.
template <class F>
auto visit_all(Dtype dtype, F&& f) -> decltype(f(Type<float>{})) {
  if (dtype == Dtype::boolean) return f(Type<Bool8>{});
  if (dtype == Dtype::i4) return f(Type<Int4>{});
  if (dtype == Dtype::u4) return f(Type<UInt4>{});
  if (dtype == Dtype::i2) return f(Type<Int2>{});
  if (dtype == Dtype::u2) return f(Type<UInt2>{});
  if (dtype == Dtype::f4e2m1) return f(Type<core::Float8<Dtype::f4e2m1>>{});
  return visit_numbers(dtype, f);
}

}  // namespace isotrace::reference
