// Pairs of integer operations that compilers of C like: addresses, rotations, hashes.
#pragma once

#include <array>

#include <isotrace/wasm/fast/pair_rows.hpp>

namespace isotrace::wasm::fast {

template <class T>
struct IntegerPairs {
  template <class First, From y>
  static constexpr std::array<UnaryRow, 8> seconds() {
    using enum From;
    return {
        pair_row<First, y, Add, slot, T>(),      pair_row<First, y, Add, constant, T>(),
        pair_row<First, y, Subtract, slot, T>(), pair_row<First, y, Exchanged<Subtract>, slot, T>(),
        pair_row<First, y, And, slot, T>(),      pair_row<First, y, And, constant, T>(),
        pair_row<First, y, Or, slot, T>(),       pair_row<First, y, ExclusiveOr, slot, T>()};
  }

  static constexpr std::array<UnaryRow, 8> rows[] = {seconds<Add, From::slot>(),
                                                     seconds<Add, From::constant>(),
                                                     seconds<Subtract, From::slot>(),
                                                     seconds<Multiply, From::slot>(),
                                                     seconds<Multiply, From::constant>(),
                                                     seconds<And, From::slot>(),
                                                     seconds<And, From::constant>(),
                                                     seconds<Or, From::slot>(),
                                                     seconds<ExclusiveOr, From::slot>(),
                                                     seconds<ShiftLeft, From::constant>(),
                                                     seconds<ShiftRightSigned, From::constant>(),
                                                     seconds<ShiftRightUnsigned, From::constant>(),
                                                     seconds<RotateLeft, From::constant>()};

  /// `opcode` as the one of i32.
  static int first_index(Opcode opcode, From y) {
    const bool slot = y == From::slot;
    switch (opcode) {
      case Opcode::i32_add: return slot ? 0 : 1;
      case Opcode::i32_sub: return slot ? 2 : -1;
      case Opcode::i32_mul: return slot ? 3 : 4;
      case Opcode::i32_and: return slot ? 5 : 6;
      case Opcode::i32_or: return slot ? 7 : -1;
      case Opcode::i32_xor: return slot ? 8 : -1;
      case Opcode::i32_shl: return slot ? -1 : 9;
      case Opcode::i32_shr_s: return slot ? -1 : 10;
      case Opcode::i32_shr_u: return slot ? -1 : 11;
      case Opcode::i32_rotl: return slot ? -1 : 12;
      default: return -1;
    }
  }

  static int second_index(Opcode opcode, From z, bool exchanged) {
    const bool slot = z == From::slot;
    switch (opcode) {
      case Opcode::i32_add: return slot ? 0 : 1;
      case Opcode::i32_sub: return slot ? (exchanged ? 3 : 2) : -1;
      case Opcode::i32_and: return slot ? 4 : 5;
      case Opcode::i32_or: return slot ? 6 : -1;
      case Opcode::i32_xor: return slot ? 7 : -1;
      default: return -1;
    }
  }

  static const UnaryRow* find(Opcode first, From y, Opcode second, From z, bool exchanged) {
    const int row = first_index(first, y);
    const int column = second_index(second, z, exchanged);
    if (row < 0 || column < 0) return nullptr;
    return &rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  }
};

}  // namespace isotrace::wasm::fast
