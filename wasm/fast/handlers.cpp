// Which family has the handlers of a numeric opcode.
#include <isotrace/wasm/fast/handlers.hpp>

namespace isotrace::wasm::fast {
namespace {

NumericRows find_numeric(Opcode opcode) {
  for (const auto find : {find_i32, find_i64, find_f32, find_f64, find_conversion}) {
    const NumericRows rows = find(opcode);
    if (rows.binary != nullptr || rows.unary != nullptr) return rows;
  }
  return {};
}

}  // namespace

const UnaryRow* find_pair(const PairKey& key) {
  for (const auto find : {find_pair_i32, find_pair_i64, find_pair_f32, find_pair_f64}) {
    if (const UnaryRow* row = find(key)) return row;
  }
  return nullptr;
}

const BinaryRow* find_binary(Opcode opcode) { return find_numeric(opcode).binary; }
const BranchRow* find_branch(Opcode opcode) { return find_numeric(opcode).branch; }
const CountRow* find_count(Opcode opcode) { return find_numeric(opcode).count; }
const UnaryRow* find_unary(Opcode opcode) { return find_numeric(opcode).unary; }

}  // namespace isotrace::wasm::fast
