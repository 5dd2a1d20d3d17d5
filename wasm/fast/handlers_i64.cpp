#include <isotrace/wasm/fast/integer_rows.hpp>

namespace isotrace::wasm::fast {

NumericRows find_i64(Opcode opcode) {
  return IntegerRows<std::uint64_t>::find(opcode, Opcode::i64_eq, Opcode::i64_clz, Opcode::i64_add);
}

}  // namespace isotrace::wasm::fast
