// The opcodes that only compute: comparisons, arithmetic and conversions.
#pragma once

#include <vector>

#include <isotrace/wasm/numeric/opcode.hpp>
#include <isotrace/wasm/numeric/slot.hpp>
#include <isotrace/wasm/numeric/trap.hpp>

namespace isotrace::wasm {

/// Whether execute_numeric does it: i32.eqz to f64.reinterpret_i64, sign extensions, and saturating
/// truncations.
constexpr bool is_numeric(Opcode opcode) {
  return (opcode >= Opcode::i32_eqz && opcode <= Opcode::i64_extend32_s) ||
         (opcode >= Opcode::i32_trunc_sat_f32_s && opcode <= Opcode::i64_trunc_sat_f64_u);
}

/// Replaces the operands on top by the result. Needs the float environment of the semantics.
Trap execute_numeric(Opcode opcode, std::vector<Slot>& operands);

}  // namespace isotrace::wasm
