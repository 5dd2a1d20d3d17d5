#include <isotrace/wasm/numeric/numeric.hpp>

#include <isotrace/wasm/numeric/numeric_stack.hpp>

namespace isotrace::wasm {

Trap execute_numeric(Opcode opcode, std::vector<Slot>& operands) {
  const NumericStack stack(operands);
  if (opcode <= Opcode::i64_ge_u) return execute_integer_comparison(opcode, stack);
  if (opcode <= Opcode::f64_ge) return execute_float_comparison(opcode, stack);
  if (opcode <= Opcode::i64_rotr) return execute_integer_arithmetic(opcode, stack);
  if (opcode <= Opcode::f64_copysign) return execute_float_arithmetic(opcode, stack);
  return execute_conversion(opcode, stack);
}

}  // namespace isotrace::wasm
