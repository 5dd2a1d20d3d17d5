// Arithmetic of two and of many operands (docs/spec/elementwise.md): one IEEE operation per
// element, integers modulo 2^n.
#include <functional>

#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

/// f of the two operands, for every number type.
template <class F>
Outcome binary(const Call& call, F f) {
  const TensorView& a = call.operand(0);
  const TensorView& b = call.operand(1);
  ISOTRACE_TRY_DONE(check_same_dtype(a, b));
  return one(visit_numbers(
      a.dtype(), [&](auto type) { return map_binary<typename decltype(type)::type>(a, b, f); }));
}

/// Folds all operands, broadcast to their common shape, from the left, then out =
/// round(finish(that)).
template <class T, class F, class Finish = std::identity>
Result<Tensor> fold_operands(const std::vector<TensorView>& operands, F f, Finish finish = {}) {
  Shape shape;
  for (const TensorView& operand : operands) {
    ISOTRACE_TRY(shape, broadcast_shapes(shape, operand.shape()));
  }
  ISOTRACE_TRY(Tensor out, Tensor::make(operands[0].dtype(), shape));
  std::vector<Wide<T>> folded(out.elements());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto x = operands[i].data<T>();
    Odometer at(shape);
    at.add_stream(broadcast_strides(operands[i].shape(), shape));
    for (Wide<T>& value : folded) {
      const Wide<T> element = widen(x[static_cast<std::size_t>(at.offset(0))]);
      value = i == 0 ? element : f(value, element);
      at.next();
    }
  }
  std::transform(folded.begin(), folded.end(), out.data<T>().begin(),
                 [finish](Wide<T> value) { return narrow<T>(finish(value)); });
  return out;
}

/// All operands, of one element type.
Result<std::vector<TensorView>> equal_operands(const Call& call) {
  ISOTRACE_TRY(auto operands, call.all_operands());
  for (const TensorView& operand : operands) {
    ISOTRACE_TRY_DONE(check_same_dtype(operands[0], operand));
  }
  return operands;
}

template <class F>
Outcome variadic(const Call& call, F f) {
  ISOTRACE_TRY(const auto operands, equal_operands(call));
  return one(visit_numbers(operands[0].dtype(), [&](auto type) {
    return fold_operands<typename decltype(type)::type>(operands, f);
  }));
}

/// Integers truncate towards zero; the least integer by -1 wraps to itself; a zero divisor sets the
/// flag.
template <class T>
T divide(T a, T b, bool& zero_divisor) {
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else {
    if (b == 0) {
      zero_divisor = true;
      return 0;
    }
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return subtract(T{0}, a);
    }
    return static_cast<T>(a / b);
  }
}

}  // namespace

// [elementwise.add]
Outcome evaluate_add(const Call& call) {
  return binary(call, [](auto a, auto b) { return add(a, b); });
}

// [elementwise.sub]
Outcome evaluate_sub(const Call& call) {
  return binary(call, [](auto a, auto b) { return subtract(a, b); });
}

// [elementwise.mul]
Outcome evaluate_mul(const Call& call) {
  return binary(call, [](auto a, auto b) { return multiply(a, b); });
}

// [elementwise.div]
Outcome evaluate_div(const Call& call) {
  bool zero_divisor = false;
  Outcome outcome =
      binary(call, [&zero_divisor](auto a, auto b) { return divide(a, b, zero_divisor); });
  if (zero_divisor) return refuse_value("integer division by zero");
  return outcome;
}

// [elementwise.max]
Outcome evaluate_max(const Call& call) {
  return variadic(call, [](auto a, auto b) { return maximum(a, b); });
}

// [elementwise.min]
Outcome evaluate_min(const Call& call) {
  return variadic(call, [](auto a, auto b) { return minimum(a, b); });
}

// [elementwise.sum]
Outcome evaluate_sum(const Call& call) {
  return variadic(call, [](auto a, auto b) { return add(a, b); });
}

// [elementwise.mean]
Outcome evaluate_mean(const Call& call) {
  ISOTRACE_TRY(const auto operands, equal_operands(call));
  return one(visit_floats(operands[0].dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    const auto count = static_cast<Wide<T>>(operands.size());
    return fold_operands<T>(
        operands, [](auto a, auto b) { return a + b; }, [count](auto sum) { return sum / count; });
  }));
}

}  // namespace isotrace::reference
