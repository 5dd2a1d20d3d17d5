// Cast between any two element types, each with one rounding (docs/spec/elementwise.md).
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {
namespace {

/// An integer as binary64, rounded to odd at 2^11 where it does not fit: the last bit kept
/// remembers whether anything was cut off, so that the rounding to a narrower format is the only
/// one.
template <class Integer>
double to_f64_sticky(Integer value) {
  if constexpr (sizeof(Integer) < 8) {
    return static_cast<double>(value);
  } else {
    const bool negative = value < 0;
    auto magnitude = static_cast<std::uint64_t>(value);
    if (negative) magnitude = 0 - magnitude;
    if (magnitude >> 53 != 0) {
      const bool sticky = (magnitude & 0x7FF) != 0;
      magnitude = (magnitude & ~std::uint64_t{0x7FF}) | (sticky ? 0x800 : 0);
    }
    const auto exact = static_cast<double>(magnitude);
    return negative ? -exact : exact;
  }
}

/// From a number as it is computed (float, double or an integer).
template <class To, class From>
To cast_number(From value) {
  if constexpr (std::is_same_v<To, Bool8>) {
    return {static_cast<std::uint8_t>(value != From{0})};  // NaN is not 0
  } else if constexpr (std::is_same_v<To, Half>) {
    if constexpr (std::is_integral_v<From>) return core::to_half(to_f64_sticky(value));
    if constexpr (!std::is_integral_v<From>) return core::to_half(value);
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    if constexpr (std::is_integral_v<From>) return core::to_bfloat16(to_f64_sticky(value));
    if constexpr (!std::is_integral_v<From>) return core::to_bfloat16(value);
  } else if constexpr (std::is_floating_point_v<To>) {
    return core::canonical(static_cast<To>(value));
  } else if constexpr (std::is_floating_point_v<From>) {
    return core::to_integer<To>(value);
  } else {
    return static_cast<To>(value);  // modulo 2^n
  }
}

template <class To, class From>
To cast_element(From value) {
  if constexpr (std::is_same_v<From, Bool8>) {
    return cast_number<To>(value.value);
  } else {
    return cast_number<To>(widen(value));
  }
}

template <class To, class From>
Result<Tensor> cast_tensor(const TensorView& x) {
  ISOTRACE_TRY(Tensor out,
               Tensor::make(core::dtype_of<To>, Shape(x.shape().begin(), x.shape().end())));
  std::transform(x.data<From>().begin(), x.data<From>().end(), out.data<To>().begin(),
                 cast_element<To, From>);
  return out;
}

}  // namespace

// [elementwise.cast] `to` is the number of a core::Dtype.
Outcome evaluate_cast(const Call& call) {
  const TensorView& x = call.operand(0);
  const std::int64_t number = call.node.integer("to");
  const auto to = number < 0 || number > 255
                      ? std::nullopt
                      : core::dtype_from_number(static_cast<std::uint8_t>(number));
  if (!to) return refuse_attribute("to " + std::to_string(number));
  return one(visit_all(*to, [&](auto to_type) {
    return visit_all(x.dtype(), [&](auto from_type) {
      return cast_tensor<typename decltype(to_type)::type, typename decltype(from_type)::type>(x);
    });
  }));
}

}  // namespace isotrace::reference
