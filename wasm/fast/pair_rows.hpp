// Handlers of two operations in a row, for any two.
#pragma once

#include <isotrace/wasm/fast/numeric_rows.hpp>
#include <isotrace/wasm/fast/operations.hpp>

namespace isotrace::wasm::fast {

template <class First, class Second, class T, From x, From y, From z, To to>
void pair(ISOTRACE_FAST_REGISTERS) {
  const T between = First::apply(operand<T, x, field_a, 2>(pc, frame, accumulator, floats),
                                 operand<T, y, field_b, 2>(pc, frame, accumulator, floats));
  constexpr unsigned word = 2 + constants(y);
  const T value =
      Second::apply(between, operand<T, z, field_c, word>(pc, frame, accumulator, floats));
  deliver<to>(value, pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(word + constants(z));
}

template <class First, From y, class Second, From z, class T, From x>
constexpr ByResult pair_by_result() {
  return {{pair<First, Second, T, x, y, z, To::slot>,
           pair<First, Second, T, x, y, z, To::accumulator>,
           pair<First, Second, T, x, y, z, To::both>}};
}

template <class First, From y, class Second, From z, class T>
constexpr UnaryRow pair_row() {
  return {{pair_by_result<First, y, Second, z, T, From::slot>(),
           pair_by_result<First, y, Second, z, T, From::accumulator>(),
           {}}};
}

/// The second operation with its operands exchanged.
template <class Operation>
struct Exchanged {
  template <class T>
  static auto apply(T a, T b) {
    return Operation::apply(b, a);
  }
};

}  // namespace isotrace::wasm::fast
