// Handlers of operations that only compute, for any operation on numbers: what a family makes its
// table of. An operation is a type whose apply() takes numbers of type T and gives a number, a
// truth, or Computed.
#pragma once

#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/operands.hpp>
#include <isotrace/wasm/numeric/numeric_integer.hpp>

namespace isotrace::wasm::fast {

template <class R>
inline constexpr bool is_computed = false;
template <class R>
inline constexpr bool is_computed<Computed<R>> = true;

template <class Operation, class T, From a, From b, To to>
void binary(ISOTRACE_FAST_REGISTERS) {
  const auto value = Operation::apply(operand<T, a, field_a, 2>(pc, frame, accumulator, floats),
                                      operand<T, b, field_b, 2>(pc, frame, accumulator, floats));
  if constexpr (is_computed<std::remove_const_t<decltype(value)>>) {
    if (value.trap != Trap::none) [[unlikely]] {
      ISOTRACE_FAST_TRAP(value.trap);
    }
    deliver<to>(value.value, pc, frame, accumulator, floats);
  } else {
    deliver<to>(as_number(value), pc, frame, accumulator, floats);
  }
  ISOTRACE_FAST_NEXT(2 + constants(b));
}

template <class Operation, class T, From a, To to>
void unary(ISOTRACE_FAST_REGISTERS) {
  const auto value = Operation::apply(operand<T, a, field_a, 2>(pc, frame, accumulator, floats));
  if constexpr (is_computed<std::remove_const_t<decltype(value)>>) {
    if (value.trap != Trap::none) [[unlikely]] {
      ISOTRACE_FAST_TRAP(value.trap);
    }
    deliver<to>(value.value, pc, frame, accumulator, floats);
  } else {
    deliver<to>(as_number(value), pc, frame, accumulator, floats);
  }
  ISOTRACE_FAST_NEXT(2);
}

template <class Operation, class T, From a, From b, bool when, bool to_loop>
void branch_if(ISOTRACE_FAST_REGISTERS) {
  const bool truth = Operation::apply(operand<T, a, field_a, 2>(pc, frame, accumulator, floats),
                                      operand<T, b, field_b, 2>(pc, frame, accumulator, floats));
  if (truth == when) {
    steps_left -= steps_in(pc[3 + constants(b)]);
    pc = std::bit_cast<const Word*>(pc[2 + constants(b)]);
    if constexpr (to_loop) {
      ISOTRACE_FAST_SUSPEND_IF_DUE;
    }
    ISOTRACE_FAST_GO;
  }
  ISOTRACE_FAST_NEXT(4 + constants(b));
}

template <class Operation, From addend, From b, bool when, bool to_loop>
void count_and_branch_if(ISOTRACE_FAST_REGISTERS) {
  using T = std::uint32_t;
  const Word more = addend == From::constant ? pc[2] : frame[pc[2]];
  const T value =
      operand<T, From::slot, field_a, 2>(pc, frame, accumulator, floats) + static_cast<T>(more);
  frame[field(pc, field_result)] = value;
  const bool truth =
      Operation::apply(value, operand<T, b, field_b, 3>(pc, frame, accumulator, floats));
  if (truth == when) {
    steps_left -= steps_in(pc[4 + constants(b)]);
    pc = std::bit_cast<const Word*>(pc[3 + constants(b)]);
    if constexpr (to_loop) {
      ISOTRACE_FAST_SUSPEND_IF_DUE;
    }
    ISOTRACE_FAST_GO;
  }
  ISOTRACE_FAST_NEXT(5 + constants(b));
}

template <class Operation, class T, From a, From b>
constexpr ByResult binary_by_result() {
  return {{binary<Operation, T, a, b, To::slot>, binary<Operation, T, a, b, To::accumulator>,
           binary<Operation, T, a, b, To::both>}};
}

template <class Operation, class T>
constexpr BinaryRow binary_row() {
  using enum From;
  return {{{binary_by_result<Operation, T, slot, slot>(),
            binary_by_result<Operation, T, slot, accumulator>(),
            binary_by_result<Operation, T, slot, constant>()},
           {binary_by_result<Operation, T, accumulator, slot>(),
            {},
            binary_by_result<Operation, T, accumulator, constant>()}}};
}

template <class Operation, class T>
constexpr UnaryRow unary_row() {
  using enum From;
  return {{{{unary<Operation, T, slot, To::slot>, unary<Operation, T, slot, To::accumulator>,
             unary<Operation, T, slot, To::both>}},
           {{unary<Operation, T, accumulator, To::slot>,
             unary<Operation, T, accumulator, To::accumulator>,
             unary<Operation, T, accumulator, To::both>}},
           {}}};
}

template <class Operation, class T, From a, From b>
constexpr void set_branches(BranchRow& row) {
  auto& by_when = row.from[static_cast<int>(a)][static_cast<int>(b)];
  by_when[0][0] = branch_if<Operation, T, a, b, false, false>;
  by_when[0][1] = branch_if<Operation, T, a, b, false, true>;
  by_when[1][0] = branch_if<Operation, T, a, b, true, false>;
  by_when[1][1] = branch_if<Operation, T, a, b, true, true>;
}

template <class Operation, class T>
constexpr BranchRow branch_row() {
  using enum From;
  BranchRow row;
  set_branches<Operation, T, slot, slot>(row);
  set_branches<Operation, T, slot, accumulator>(row);
  set_branches<Operation, T, slot, constant>(row);
  set_branches<Operation, T, accumulator, slot>(row);
  set_branches<Operation, T, accumulator, constant>(row);
  return row;
}

template <class Operation, From addend, From b>
constexpr void set_counts(CountRow& row) {
  auto& by_when = row.from[constants(addend)][constants(b)];
  by_when[0][0] = count_and_branch_if<Operation, addend, b, false, false>;
  by_when[0][1] = count_and_branch_if<Operation, addend, b, false, true>;
  by_when[1][0] = count_and_branch_if<Operation, addend, b, true, false>;
  by_when[1][1] = count_and_branch_if<Operation, addend, b, true, true>;
}

template <class Operation>
constexpr CountRow count_row() {
  using enum From;
  CountRow row;
  set_counts<Operation, slot, slot>(row);
  set_counts<Operation, slot, constant>(row);
  set_counts<Operation, constant, slot>(row);
  set_counts<Operation, constant, constant>(row);
  return row;
}

/// The row of an opcode in a table of consecutive opcodes; nullptr outside.
template <class Row, std::size_t count>
const Row* row_at(const Row (&rows)[count], Opcode opcode, Opcode first) {
  const auto index = static_cast<std::size_t>(opcode) - static_cast<std::size_t>(first);
  return opcode >= first && index < count ? &rows[index] : nullptr;
}

}  // namespace isotrace::wasm::fast
