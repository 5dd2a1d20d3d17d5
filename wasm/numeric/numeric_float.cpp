#include <isotrace/wasm/numeric/numeric_float.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/numeric/numeric_stack.hpp>

namespace isotrace::wasm {
namespace {

/// An opcode of f32, meant for F.
template <class F>
Trap compare(Opcode opcode, NumericStack stack) {
  switch (opcode) {
    case Opcode::f32_eq: return stack.binary<F>([](F a, F b) { return a == b; });
    case Opcode::f32_ne: return stack.binary<F>([](F a, F b) { return a != b; });
    case Opcode::f32_lt: return stack.binary<F>([](F a, F b) { return a < b; });
    case Opcode::f32_gt: return stack.binary<F>([](F a, F b) { return a > b; });
    case Opcode::f32_le: return stack.binary<F>([](F a, F b) { return a <= b; });
    default:
      ISOTRACE_CHECK(opcode == Opcode::f32_ge, opcode_info(opcode).text);
      return stack.binary<F>([](F a, F b) { return a >= b; });
  }
}

/// An opcode of f32, meant for F.
template <class F>
Trap compute(Opcode opcode, NumericStack stack) {
  switch (opcode) {
    case Opcode::f32_abs: return stack.unary<F>(float_abs<F>);
    case Opcode::f32_neg: return stack.unary<F>(float_neg<F>);
    case Opcode::f32_ceil: return stack.unary<F>(float_ceil<F>);
    case Opcode::f32_floor: return stack.unary<F>(float_floor<F>);
    case Opcode::f32_trunc: return stack.unary<F>(float_trunc<F>);
    case Opcode::f32_nearest: return stack.unary<F>(float_nearest<F>);
    case Opcode::f32_sqrt: return stack.unary<F>([](F a) { return float_sqrt(a); });
    case Opcode::f32_add: return stack.binary<F>([](F a, F b) { return canonical(a + b); });
    case Opcode::f32_sub: return stack.binary<F>([](F a, F b) { return canonical(a - b); });
    case Opcode::f32_mul: return stack.binary<F>([](F a, F b) { return canonical(a * b); });
    case Opcode::f32_div: return stack.binary<F>([](F a, F b) { return canonical(a / b); });
    case Opcode::f32_min: return stack.binary<F>(float_min<F>);
    case Opcode::f32_max: return stack.binary<F>(float_max<F>);
    default:
      ISOTRACE_CHECK(opcode == Opcode::f32_copysign, opcode_info(opcode).text);
      return stack.binary<F>(float_copysign<F>);
  }
}

}  // namespace

Trap execute_float_comparison(Opcode opcode, NumericStack stack) {
  if (opcode < Opcode::f64_eq) return compare<float>(opcode, stack);
  return compare<double>(counterpart(opcode, Opcode::f64_eq, Opcode::f32_eq), stack);
}

Trap execute_float_arithmetic(Opcode opcode, NumericStack stack) {
  if (opcode < Opcode::f64_abs) return compute<float>(opcode, stack);
  return compute<double>(counterpart(opcode, Opcode::f64_abs, Opcode::f32_abs), stack);
}

}  // namespace isotrace::wasm
