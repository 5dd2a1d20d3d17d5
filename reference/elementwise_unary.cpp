// Arithmetic of one operand, and Clip (docs/spec/elementwise.md).
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

template <class F>
Outcome unary_float(const Call& call, F f) {
  const TensorView& x = call.operand(0);
  return one(visit_floats(
      x.dtype(), [&](auto type) { return map_unary<typename decltype(type)::type>(x, f); }));
}

template <class F>
Outcome unary_number(const Call& call, F f) {
  const TensorView& x = call.operand(0);
  return one(visit_numbers(
      x.dtype(), [&](auto type) { return map_unary<typename decltype(type)::type>(x, f); }));
}

template <class T>
T absolute(T x) {
  if constexpr (std::is_floating_point_v<T>) return std::fabs(x);
  return x < 0 ? subtract(T{0}, x) : x;
}

/// A bound of Clip: one element of the type of x, or `fallback` if it is left out.
template <class T>
Result<Wide<T>> clip_bound(const Call& call, std::size_t index, Wide<T> fallback) {
  const TensorView* bound = call.find_operand(index);
  if (bound == nullptr) return fallback;
  ISOTRACE_TRY_DONE(check_same_dtype(call.operand(0), *bound));
  if (bound->elements() != 1 || bound->rank() > 1) {
    return refuse_shape("bound " + core::shape_text(bound->shape()) + " is not a scalar");
  }
  return widen(bound->data<T>()[0]);
}

}  // namespace

// [elementwise.neg]
Outcome evaluate_neg(const Call& call) {
  const Dtype dtype = call.operand(0).dtype();
  if (dtype == Dtype::u8 || dtype == Dtype::u16 || dtype == Dtype::u32 || dtype == Dtype::u64) {
    return refuse_dtype(dtype);
  }
  return unary_number(call, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>) {
      return -x;  // not 0 - x, which has the wrong sign for +0
    } else {
      return subtract(decltype(x){0}, x);
    }
  });
}

// [elementwise.abs]
Outcome evaluate_abs(const Call& call) {
  return unary_number(call, [](auto x) { return absolute(x); });
}

// [elementwise.reciprocal]
Outcome evaluate_reciprocal(const Call& call) {
  return unary_float(call, [](auto x) { return decltype(x){1} / x; });
}

// [elementwise.sqrt]
Outcome evaluate_sqrt(const Call& call) {
  return unary_float(call, [](auto x) { return std::sqrt(x); });
}

// [elementwise.floor]
Outcome evaluate_floor(const Call& call) {
  return unary_float(call, [](auto x) { return std::floor(x); });
}

// [elementwise.ceil]
Outcome evaluate_ceil(const Call& call) {
  return unary_float(call, [](auto x) { return std::ceil(x); });
}

// [elementwise.round]
Outcome evaluate_round(const Call& call) {
  return unary_float(call, [](auto x) { return std::nearbyint(x); });
}

// [elementwise.sign]
Outcome evaluate_sign(const Call& call) {
  return unary_number(call, [](auto x) {
    using Number = decltype(x);
    if (x != x) return x;
    if (x > 0) return Number{1};
    if constexpr (std::is_signed_v<Number> || std::is_floating_point_v<Number>) {
      if (x < 0) return static_cast<Number>(-1);
    }
    return Number{0};
  });
}

// [elementwise.clip] The upper bound is applied last and so wins if the bounds are crossed.
Outcome evaluate_clip(const Call& call) {
  const TensorView& x = call.operand(0);
  return one(visit_numbers(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(const Wide<T> low, clip_bound<T>(call, 1, lowest<Wide<T>>()));
    ISOTRACE_TRY(const Wide<T> high, clip_bound<T>(call, 2, highest<Wide<T>>()));
    return map_unary<T>(x, [=](Wide<T> v) { return minimum(maximum(v, low), high); });
  }));
}

}  // namespace isotrace::reference
