// Operations on the bits of integers (docs/spec/elementwise.md).
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

template <class F>
Outcome combine_bits(const Call& call, F f) {
  const TensorView& a = call.operand(0);
  const TensorView& b = call.operand(1);
  ISOTRACE_TRY_DONE(check_same_dtype(a, b));
  return one(visit_integers(a.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return zip_elements<T, T>(a, b, [f](T x, T y) { return static_cast<T>(f(x, y)); });
  }));
}

}  // namespace

// [elementwise.bit_shift] A C++ shift by the width of the type or more would be undefined.
Outcome evaluate_bit_shift(const Call& call) {
  const TensorView& a = call.operand(0);
  const TensorView& b = call.operand(1);
  const std::string& direction = call.node.text("direction");
  if (direction != "LEFT" && direction != "RIGHT") {
    return refuse_attribute("direction " + direction);
  }
  const bool left = direction == "LEFT";
  ISOTRACE_TRY_DONE(check_same_dtype(a, b));
  return one(visit_integers(a.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    if constexpr (std::is_signed_v<T>) {
      return refuse_dtype(a.dtype());
    } else {
      return zip_elements<T, T>(a, b, [left](T x, T bits) {
        if (bits >= static_cast<T>(std::numeric_limits<T>::digits)) return T{0};
        return static_cast<T>(left ? Wrapping<T>{x} << bits : Wrapping<T>{x} >> bits);
      });
    }
  }));
}

// [elementwise.bitwise_and]
Outcome evaluate_bitwise_and(const Call& call) {
  return combine_bits(call, [](auto a, auto b) { return a & b; });
}

// [elementwise.bitwise_or]
Outcome evaluate_bitwise_or(const Call& call) {
  return combine_bits(call, [](auto a, auto b) { return a | b; });
}

// [elementwise.bitwise_xor]
Outcome evaluate_bitwise_xor(const Call& call) {
  return combine_bits(call, [](auto a, auto b) { return a ^ b; });
}

// [elementwise.bitwise_not]
Outcome evaluate_bitwise_not(const Call& call) {
  const TensorView& x = call.operand(0);
  return one(visit_integers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return map_unary<T>(x, [](T value) { return static_cast<T>(~value); });
  }));
}

}  // namespace isotrace::reference
