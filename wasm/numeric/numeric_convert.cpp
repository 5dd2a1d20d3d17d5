// Conversions between numbers. What converts to a float rounds to nearest even.
#include <isotrace/core/check.hpp>
#include <isotrace/wasm/numeric/numeric_float.hpp>
#include <isotrace/wasm/numeric/numeric_stack.hpp>

namespace isotrace::wasm {
namespace {

using i32 = std::int32_t;
using u32 = std::uint32_t;
using i64 = std::int64_t;
using u64 = std::uint64_t;

/// The number as the unsigned integer that a slot holds.
template <class I>
auto unsign(I value) {
  return static_cast<std::make_unsigned_t<I>>(value);
}

template <class I, class F>
Trap truncate(NumericStack stack) {
  return stack.unary<F>([](F x) {
    const Computed<I> whole = trunc_to<I>(x);
    return Computed<std::make_unsigned_t<I>>{unsign(whole.value), whole.trap};
  });
}

template <class I, class F>
Trap saturate(NumericStack stack) {
  return stack.unary<F>([](F x) { return unsign(trunc_sat_to<I>(x)); });
}

/// Reads the operand as I.
template <class F, class I>
Trap convert(NumericStack stack) {
  return stack.unary<std::make_unsigned_t<I>>(
      [](auto a) { return static_cast<F>(static_cast<I>(a)); });
}

template <class Narrow, class U>
Trap extend(NumericStack stack) {
  return stack.unary<U>(extend_s<Narrow, U>);
}

/// The same bits as another type: nothing changes in the slot.
Trap reinterpret() { return Trap::none; }

Trap execute_to_integer(Opcode opcode, NumericStack stack) {
  switch (opcode) {
    case Opcode::i32_wrap_i64: return stack.unary<u64>([](u64 a) { return static_cast<u32>(a); });
    case Opcode::i32_trunc_f32_s: return truncate<i32, float>(stack);
    case Opcode::i32_trunc_f32_u: return truncate<u32, float>(stack);
    case Opcode::i32_trunc_f64_s: return truncate<i32, double>(stack);
    case Opcode::i32_trunc_f64_u: return truncate<u32, double>(stack);
    case Opcode::i64_extend_i32_s:
      return stack.unary<u32>([](u32 a) { return unsign(i64{as_signed(a)}); });
    case Opcode::i64_extend_i32_u: return stack.unary<u32>([](u32 a) { return u64{a}; });
    case Opcode::i64_trunc_f32_s: return truncate<i64, float>(stack);
    case Opcode::i64_trunc_f32_u: return truncate<u64, float>(stack);
    case Opcode::i64_trunc_f64_s: return truncate<i64, double>(stack);
    default:
      ISOTRACE_CHECK(opcode == Opcode::i64_trunc_f64_u, opcode_info(opcode).text);
      return truncate<u64, double>(stack);
  }
}

Trap execute_to_float(Opcode opcode, NumericStack stack) {
  switch (opcode) {
    case Opcode::f32_convert_i32_s: return convert<float, i32>(stack);
    case Opcode::f32_convert_i32_u: return convert<float, u32>(stack);
    case Opcode::f32_convert_i64_s: return convert<float, i64>(stack);
    case Opcode::f32_convert_i64_u: return convert<float, u64>(stack);
    case Opcode::f32_demote_f64:
      return stack.unary<double>([](double x) { return canonical(static_cast<float>(x)); });
    case Opcode::f64_convert_i32_s: return convert<double, i32>(stack);
    case Opcode::f64_convert_i32_u: return convert<double, u32>(stack);
    case Opcode::f64_convert_i64_s: return convert<double, i64>(stack);
    case Opcode::f64_convert_i64_u: return convert<double, u64>(stack);
    default:
      ISOTRACE_CHECK(opcode == Opcode::f64_promote_f32, opcode_info(opcode).text);
      return stack.unary<float>([](float x) { return canonical(static_cast<double>(x)); });
  }
}

Trap execute_extension(Opcode opcode, NumericStack stack) {
  switch (opcode) {
    case Opcode::i32_extend8_s: return extend<std::int8_t, u32>(stack);
    case Opcode::i32_extend16_s: return extend<std::int16_t, u32>(stack);
    case Opcode::i64_extend8_s: return extend<std::int8_t, u64>(stack);
    case Opcode::i64_extend16_s: return extend<std::int16_t, u64>(stack);
    default:
      ISOTRACE_CHECK(opcode == Opcode::i64_extend32_s, opcode_info(opcode).text);
      return extend<std::int32_t, u64>(stack);
  }
}

Trap execute_saturating(Opcode opcode, NumericStack stack) {
  switch (opcode) {
    case Opcode::i32_trunc_sat_f32_s: return saturate<i32, float>(stack);
    case Opcode::i32_trunc_sat_f32_u: return saturate<u32, float>(stack);
    case Opcode::i32_trunc_sat_f64_s: return saturate<i32, double>(stack);
    case Opcode::i32_trunc_sat_f64_u: return saturate<u32, double>(stack);
    case Opcode::i64_trunc_sat_f32_s: return saturate<i64, float>(stack);
    case Opcode::i64_trunc_sat_f32_u: return saturate<u64, float>(stack);
    case Opcode::i64_trunc_sat_f64_s: return saturate<i64, double>(stack);
    default:
      ISOTRACE_CHECK(opcode == Opcode::i64_trunc_sat_f64_u, opcode_info(opcode).text);
      return saturate<u64, double>(stack);
  }
}

}  // namespace

Trap execute_conversion(Opcode opcode, NumericStack stack) {
  if (opcode <= Opcode::i64_trunc_f64_u) return execute_to_integer(opcode, stack);
  if (opcode <= Opcode::f64_promote_f32) return execute_to_float(opcode, stack);
  if (opcode <= Opcode::f64_reinterpret_i64) return reinterpret();
  if (opcode <= Opcode::i64_extend32_s) return execute_extension(opcode, stack);
  return execute_saturating(opcode, stack);
}

}  // namespace isotrace::wasm
