// Comparisons, Not and Where (docs/spec/elementwise.md).
#include <cstring>

#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

/// f of the two operands as numbers, with a boolean result. Booleans only where `booleans` is set.
template <class F>
Outcome compare(const Call& call, bool booleans, F f) {
  const TensorView& a = call.operand(0);
  const TensorView& b = call.operand(1);
  ISOTRACE_TRY_DONE(check_same_dtype(a, b));
  auto zip = [&](auto type) {
    using T = typename decltype(type)::type;
    return zip_elements<Bool8, T>(
        a, b, [f](T x, T y) { return Bool8{static_cast<std::uint8_t>(f(widen(x), widen(y)))}; });
  };
  if (booleans && a.dtype() == Dtype::boolean) {
    return one(zip_elements<Bool8, Bool8>(
        a, b, [](Bool8 x, Bool8 y) { return Bool8{static_cast<std::uint8_t>(x == y)}; }));
  }
  return one(visit_numbers(a.dtype(), zip));
}

}  // namespace

// [elementwise.equal]
Outcome evaluate_equal(const Call& call) {
  return compare(call, true, [](auto a, auto b) { return a == b; });
}

// [elementwise.less]
Outcome evaluate_less(const Call& call) {
  return compare(call, false, [](auto a, auto b) { return a < b; });
}

// [elementwise.greater]
Outcome evaluate_greater(const Call& call) {
  return compare(call, false, [](auto a, auto b) { return a > b; });
}

// [elementwise.less_or_equal]
Outcome evaluate_less_or_equal(const Call& call) {
  return compare(call, false, [](auto a, auto b) { return a <= b; });
}

// [elementwise.greater_or_equal]
Outcome evaluate_greater_or_equal(const Call& call) {
  return compare(call, false, [](auto a, auto b) { return a >= b; });
}

// [elementwise.not]
Outcome evaluate_logical_not(const Call& call) {
  const TensorView& x = call.operand(0);
  if (x.dtype() != Dtype::boolean) return refuse_dtype(x.dtype());
  return one(map_unary<Bool8>(
      x, [](Bool8 v) { return Bool8{static_cast<std::uint8_t>(v.value == 0 ? 1 : 0)}; }));
}

// [elementwise.where] Data movement: the bits chosen are copied.
Outcome evaluate_where(const Call& call) {
  const TensorView& condition = call.operand(0);
  const TensorView& x = call.operand(1);
  const TensorView& y = call.operand(2);
  if (condition.dtype() != Dtype::boolean) return refuse_dtype(condition.dtype());
  ISOTRACE_TRY_DONE(check_same_dtype(x, y));
  ISOTRACE_TRY(const Shape values, broadcast_shapes(x.shape(), y.shape()));
  ISOTRACE_TRY(Shape shape, broadcast_shapes(condition.shape(), values));
  Odometer at(shape);
  for (const TensorView* operand : {&condition, &x, &y}) {
    at.add_stream(broadcast_strides(operand->shape(), shape));
  }
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  const auto choose = condition.data<Bool8>();
  const std::size_t size = core::dtype_bytes(x.dtype());
  std::uint8_t* target = out.mutable_bytes().data();
  for (std::size_t i = 0; i < out.elements(); ++i, target += size) {
    const bool first = choose[static_cast<std::size_t>(at.offset(0))].value != 0;
    const std::uint8_t* source =
        first ? x.bytes().data() + static_cast<std::size_t>(at.offset(1)) * size
              : y.bytes().data() + static_cast<std::size_t>(at.offset(2)) * size;
    std::memcpy(target, source, size);
    at.next();
  }
  return one(std::move(out));
}

}  // namespace isotrace::reference
