#include <isotrace/wasm/numeric/numeric_integer.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/numeric/numeric_stack.hpp>

namespace isotrace::wasm {
namespace {

/// An opcode of i32, meant for U.
template <class U>
Trap compare(Opcode opcode, NumericStack stack) {
  switch (opcode) {
    case Opcode::i32_eqz: return stack.unary<U>([](U a) { return a == 0; });
    case Opcode::i32_eq: return stack.binary<U>([](U a, U b) { return a == b; });
    case Opcode::i32_ne: return stack.binary<U>([](U a, U b) { return a != b; });
    case Opcode::i32_lt_s:
      return stack.binary<U>([](U a, U b) { return as_signed(a) < as_signed(b); });
    case Opcode::i32_lt_u: return stack.binary<U>([](U a, U b) { return a < b; });
    case Opcode::i32_gt_s:
      return stack.binary<U>([](U a, U b) { return as_signed(a) > as_signed(b); });
    case Opcode::i32_gt_u: return stack.binary<U>([](U a, U b) { return a > b; });
    case Opcode::i32_le_s:
      return stack.binary<U>([](U a, U b) { return as_signed(a) <= as_signed(b); });
    case Opcode::i32_le_u: return stack.binary<U>([](U a, U b) { return a <= b; });
    case Opcode::i32_ge_s:
      return stack.binary<U>([](U a, U b) { return as_signed(a) >= as_signed(b); });
    default:
      ISOTRACE_CHECK(opcode == Opcode::i32_ge_u, opcode_info(opcode).text);
      return stack.binary<U>([](U a, U b) { return a >= b; });
  }
}

/// An opcode of i32, meant for U.
template <class U>
Trap compute(Opcode opcode, NumericStack stack) {
  const auto number = [](int value) { return static_cast<U>(value); };
  switch (opcode) {
    case Opcode::i32_clz: return stack.unary<U>([=](U a) { return number(std::countl_zero(a)); });
    case Opcode::i32_ctz: return stack.unary<U>([=](U a) { return number(std::countr_zero(a)); });
    case Opcode::i32_popcnt: return stack.unary<U>([=](U a) { return number(std::popcount(a)); });
    case Opcode::i32_add: return stack.binary<U>([](U a, U b) { return a + b; });
    case Opcode::i32_sub: return stack.binary<U>([](U a, U b) { return a - b; });
    case Opcode::i32_mul: return stack.binary<U>([](U a, U b) { return a * b; });
    case Opcode::i32_div_s: return stack.binary<U>(div_s<U>);
    case Opcode::i32_div_u: return stack.binary<U>(div_u<U>);
    case Opcode::i32_rem_s: return stack.binary<U>(rem_s<U>);
    case Opcode::i32_rem_u: return stack.binary<U>(rem_u<U>);
    case Opcode::i32_and: return stack.binary<U>([](U a, U b) { return a & b; });
    case Opcode::i32_or: return stack.binary<U>([](U a, U b) { return a | b; });
    case Opcode::i32_xor: return stack.binary<U>([](U a, U b) { return a ^ b; });
    case Opcode::i32_shl: return stack.binary<U>(shl<U>);
    case Opcode::i32_shr_s: return stack.binary<U>(shr_s<U>);
    case Opcode::i32_shr_u: return stack.binary<U>(shr_u<U>);
    case Opcode::i32_rotl: return stack.binary<U>(rotl<U>);
    default:
      ISOTRACE_CHECK(opcode == Opcode::i32_rotr, opcode_info(opcode).text);
      return stack.binary<U>(rotr<U>);
  }
}

}  // namespace

Trap execute_integer_comparison(Opcode opcode, NumericStack stack) {
  if (opcode < Opcode::i64_eqz) return compare<std::uint32_t>(opcode, stack);
  return compare<std::uint64_t>(counterpart(opcode, Opcode::i64_eqz, Opcode::i32_eqz), stack);
}

Trap execute_integer_arithmetic(Opcode opcode, NumericStack stack) {
  if (opcode < Opcode::i64_clz) return compute<std::uint32_t>(opcode, stack);
  return compute<std::uint64_t>(counterpart(opcode, Opcode::i64_clz, Opcode::i32_clz), stack);
}

}  // namespace isotrace::wasm
