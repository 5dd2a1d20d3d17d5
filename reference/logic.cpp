// Logic of booleans and tests of floating-point values (docs/spec/elementwise.md).
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

Bool8 as_boolean(bool value) { return {static_cast<std::uint8_t>(value)}; }

template <class F>
Outcome combine(const Call& call, F f) {
  const TensorView& a = call.operand(0);
  const TensorView& b = call.operand(1);
  if (a.dtype() != Dtype::boolean) return refuse_dtype(a.dtype());
  ISOTRACE_TRY_DONE(check_same_dtype(a, b));
  return one(zip_elements<Bool8, Bool8>(
      a, b, [f](Bool8 x, Bool8 y) { return as_boolean(f(x.value != 0, y.value != 0)); }));
}

/// A boolean for each floating-point element.
template <class F>
Outcome test_floats(const Call& call, F f) {
  const TensorView& x = call.operand(0);
  return one(visit_floats(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(Tensor out,
                 Tensor::make(Dtype::boolean, Shape(x.shape().begin(), x.shape().end())));
    std::ranges::transform(x.data<T>(), out.data<Bool8>().begin(),
                           [f](T value) { return as_boolean(f(widen(value))); });
    return out;
  }));
}

}  // namespace

// [elementwise.and]
Outcome evaluate_logical_and(const Call& call) {
  return combine(call, [](bool a, bool b) { return a && b; });
}

// [elementwise.or]
Outcome evaluate_logical_or(const Call& call) {
  return combine(call, [](bool a, bool b) { return a || b; });
}

// [elementwise.xor]
Outcome evaluate_logical_xor(const Call& call) {
  return combine(call, [](bool a, bool b) { return a != b; });
}

// [elementwise.is_nan]
Outcome evaluate_is_nan(const Call& call) {
  return test_floats(call, [](auto x) { return x != x; });
}

// [elementwise.is_inf]
Outcome evaluate_is_inf(const Call& call) {
  const bool negative = call.node.integer("detect_negative") != 0;
  const bool positive = call.node.integer("detect_positive") != 0;
  return test_floats(call, [=](auto x) {
    const auto infinity = std::numeric_limits<decltype(x)>::infinity();
    return (positive && x == infinity) || (negative && x == -infinity);
  });
}

}  // namespace isotrace::reference
