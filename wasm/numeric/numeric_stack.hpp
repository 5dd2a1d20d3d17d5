// Applies functions of numbers to the operands on top of a stack of slots.
#pragma once

#include <vector>

#include <isotrace/wasm/numeric/numeric_integer.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>
#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm {

class NumericStack {
 public:
  explicit NumericStack(std::vector<Slot>& slots) : slots_(slots) {}

  template <class A, class Function>
  Trap unary(Function function) {
    const A a = pop<A>();
    return push(function(a));
  }

  template <class A, class Function>
  Trap binary(Function function) {
    const A b = pop<A>();
    const A a = pop<A>();
    return push(function(a, b));
  }

 private:
  template <class T>
  T pop() {
    const T value = from_slot<T>(slots_.back());
    slots_.pop_back();
    return value;
  }
  template <class T>
  Trap push(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      slots_.push_back(value ? 1 : 0);
    } else {
      slots_.push_back(to_slot(value));
    }
    return Trap::none;
  }
  template <class T>
  Trap push(Computed<T> computed) {
    return computed.trap == Trap::none ? push(computed.value) : computed.trap;
  }

  std::vector<Slot>& slots_;
};

// One file each: comparisons and arithmetic of integers and of floats, and conversions.
Trap execute_integer_comparison(Opcode opcode, NumericStack stack);
Trap execute_integer_arithmetic(Opcode opcode, NumericStack stack);
Trap execute_float_comparison(Opcode opcode, NumericStack stack);
Trap execute_float_arithmetic(Opcode opcode, NumericStack stack);
Trap execute_conversion(Opcode opcode, NumericStack stack);

/// The opcode as far behind `to` as `opcode` is behind `from`: the opcodes of i64 and f64 stand in
/// the order of those of i32 and f32.
constexpr Opcode counterpart(Opcode opcode, Opcode from, Opcode to) {
  return static_cast<Opcode>(static_cast<unsigned>(opcode) - static_cast<unsigned>(from) +
                             static_cast<unsigned>(to));
}

}  // namespace isotrace::wasm
