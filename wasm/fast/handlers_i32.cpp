#include <isotrace/wasm/fast/integer_rows.hpp>

namespace isotrace::wasm::fast {
namespace {

constexpr CountRow count_rows[] = {count_row<Equal>(),
                                   count_row<NotEqual>(),
                                   count_row<SignedLess>(),
                                   count_row<Less>(),
                                   count_row<SignedGreater>(),
                                   count_row<Greater>(),
                                   count_row<SignedLessEqual>(),
                                   count_row<LessEqual>(),
                                   count_row<SignedGreaterEqual>(),
                                   count_row<GreaterEqual>()};

}  // namespace

NumericRows find_i32(Opcode opcode) {
  NumericRows rows =
      IntegerRows<std::uint32_t>::find(opcode, Opcode::i32_eq, Opcode::i32_clz, Opcode::i32_add);
  rows.count = row_at(count_rows, opcode, Opcode::i32_eq);
  return rows;
}

}  // namespace isotrace::wasm::fast
