// The tables of one integer type. Opcodes of i64 stand in the order of those of i32.
#pragma once

#include <isotrace/wasm/fast/numeric_rows.hpp>
#include <isotrace/wasm/fast/operations.hpp>

namespace isotrace::wasm::fast {

template <class U>
struct IntegerRows {
  static constexpr BinaryRow comparisons[] = {binary_row<Equal, U>(),
                                              binary_row<NotEqual, U>(),
                                              binary_row<SignedLess, U>(),
                                              binary_row<Less, U>(),
                                              binary_row<SignedGreater, U>(),
                                              binary_row<Greater, U>(),
                                              binary_row<SignedLessEqual, U>(),
                                              binary_row<LessEqual, U>(),
                                              binary_row<SignedGreaterEqual, U>(),
                                              binary_row<GreaterEqual, U>()};
  static constexpr BranchRow branches[] = {branch_row<Equal, U>(),
                                           branch_row<NotEqual, U>(),
                                           branch_row<SignedLess, U>(),
                                           branch_row<Less, U>(),
                                           branch_row<SignedGreater, U>(),
                                           branch_row<Greater, U>(),
                                           branch_row<SignedLessEqual, U>(),
                                           branch_row<LessEqual, U>(),
                                           branch_row<SignedGreaterEqual, U>(),
                                           branch_row<GreaterEqual, U>()};
  static constexpr UnaryRow counts[] = {unary_row<LeadingZeros, U>(), unary_row<TrailingZeros, U>(),
                                        unary_row<PopulationCount, U>()};
  static constexpr BinaryRow arithmetic[] = {binary_row<Add, U>(),
                                             binary_row<Subtract, U>(),
                                             binary_row<Multiply, U>(),
                                             binary_row<DivideSigned, U>(),
                                             binary_row<DivideUnsigned, U>(),
                                             binary_row<RemainderSigned, U>(),
                                             binary_row<RemainderUnsigned, U>(),
                                             binary_row<And, U>(),
                                             binary_row<Or, U>(),
                                             binary_row<ExclusiveOr, U>(),
                                             binary_row<ShiftLeft, U>(),
                                             binary_row<ShiftRightSigned, U>(),
                                             binary_row<ShiftRightUnsigned, U>(),
                                             binary_row<RotateLeft, U>(),
                                             binary_row<RotateRight, U>()};

  /// `equal`, `clz`, `add`: the first opcodes of these tables for the type.
  static NumericRows find(Opcode opcode, Opcode equal, Opcode clz, Opcode add) {
    NumericRows rows;
    rows.binary = row_at(comparisons, opcode, equal);
    rows.branch = row_at(branches, opcode, equal);
    if (rows.binary == nullptr) rows.binary = row_at(arithmetic, opcode, add);
    rows.unary = row_at(counts, opcode, clz);
    return rows;
  }
};

}  // namespace isotrace::wasm::fast
