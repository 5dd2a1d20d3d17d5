#include <isotrace/wasm/fast/float_rows.hpp>

namespace isotrace::wasm::fast {

NumericRows find_f64(Opcode opcode) {
  return FloatRows<double>::find(opcode, Opcode::f64_eq, Opcode::f64_abs, Opcode::f64_add);
}

}  // namespace isotrace::wasm::fast
