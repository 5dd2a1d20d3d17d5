#include <isotrace/wasm/fast/integer_pairs.hpp>
#include <isotrace/wasm/numeric/numeric_stack.hpp>

namespace isotrace::wasm::fast {
namespace {

Opcode as_i32(Opcode opcode) {
  if (opcode < Opcode::i64_add || opcode > Opcode::i64_rotr) return Opcode::nop;
  return counterpart(opcode, Opcode::i64_add, Opcode::i32_add);
}

}  // namespace

const UnaryRow* find_pair_i64(const PairKey& key) {
  return IntegerPairs<std::uint64_t>::find(as_i32(key.first), key.y, as_i32(key.second), key.z,
                                           key.exchanged);
}

}  // namespace isotrace::wasm::fast
