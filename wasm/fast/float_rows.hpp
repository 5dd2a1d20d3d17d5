// The tables of one float type. Opcodes of f64 stand in the order of those of f32.
#pragma once

#include <isotrace/wasm/fast/numeric_rows.hpp>
#include <isotrace/wasm/fast/operations.hpp>

namespace isotrace::wasm::fast {

template <class F>
struct FloatRows {
  static constexpr BinaryRow comparisons[] = {
      binary_row<Equal, F>(),   binary_row<NotEqual, F>(),  binary_row<Less, F>(),
      binary_row<Greater, F>(), binary_row<LessEqual, F>(), binary_row<GreaterEqual, F>()};
  static constexpr BranchRow branches[] = {
      branch_row<Equal, F>(),   branch_row<NotEqual, F>(),  branch_row<Less, F>(),
      branch_row<Greater, F>(), branch_row<LessEqual, F>(), branch_row<GreaterEqual, F>()};
  static constexpr UnaryRow unaries[] = {unary_row<FloatAbs, F>(),   unary_row<FloatNeg, F>(),
                                         unary_row<FloatCeil, F>(),  unary_row<FloatFloor, F>(),
                                         unary_row<FloatTrunc, F>(), unary_row<FloatNearest, F>(),
                                         unary_row<FloatSqrt, F>()};
  static constexpr BinaryRow arithmetic[] = {
      binary_row<FloatAdd, F>(),     binary_row<FloatSubtract, F>(), binary_row<FloatMultiply, F>(),
      binary_row<FloatDivide, F>(),  binary_row<FloatMin, F>(),      binary_row<FloatMax, F>(),
      binary_row<FloatCopysign, F>()};

  /// `equal`, `abs`, `add`: the first opcodes of these tables for the type.
  static NumericRows find(Opcode opcode, Opcode equal, Opcode abs, Opcode add) {
    NumericRows rows;
    rows.binary = row_at(comparisons, opcode, equal);
    rows.branch = row_at(branches, opcode, equal);
    if (rows.binary == nullptr) rows.binary = row_at(arithmetic, opcode, add);
    rows.unary = row_at(unaries, opcode, abs);
    return rows;
  }
};

}  // namespace isotrace::wasm::fast
