#include <isotrace/wasm/fast/float_rows.hpp>

namespace isotrace::wasm::fast {

NumericRows find_f32(Opcode opcode) {
  return FloatRows<float>::find(opcode, Opcode::f32_eq, Opcode::f32_abs, Opcode::f32_add);
}

}  // namespace isotrace::wasm::fast
