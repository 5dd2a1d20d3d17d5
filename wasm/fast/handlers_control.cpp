// Jumps, loops, branch tables, and what ends an execution.
#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/operands.hpp>

namespace isotrace::wasm::fast {
namespace {

template <bool to_loop>
void jump(ISOTRACE_FAST_REGISTERS) {
  steps_left -= steps_in(pc[3]);
  pc = std::bit_cast<const Word*>(pc[2]);
  if constexpr (to_loop) {
    ISOTRACE_FAST_SUSPEND_IF_DUE;
  }
  ISOTRACE_FAST_GO;
}

void enter_loop(ISOTRACE_FAST_REGISTERS) {
  steps_left -= steps_in(pc[2]);
  pc += 5;
  ISOTRACE_FAST_SUSPEND_IF_DUE;
  ISOTRACE_FAST_GO;
}

template <From from>
void branch_table(ISOTRACE_FAST_REGISTERS) {
  const auto wanted = operand<std::uint32_t, from, field_a, 2>(pc, frame, accumulator, floats);
  const Word last = pc[2];
  const Word* const entry = pc + 3 + 2 * (wanted < last ? wanted : last);
  steps_left -= steps_in(entry[1]);
  pc = std::bit_cast<const Word*>(*entry);
  ISOTRACE_FAST_GO;
}

/// Behind a branch table, whose targets may be loops.
void move_slots(ISOTRACE_FAST_REGISTERS) {
  Slot* const to = frame + field(pc, field_a);
  const Slot* const from = frame + field(pc, field_b);
  std::memmove(to, from, field(pc, field_result) * sizeof(Slot));
  ISOTRACE_FAST_NEXT(2);
}

void unreachable(ISOTRACE_FAST_REGISTERS) { ISOTRACE_FAST_TRAP(Trap::unreachable); }

/// memory.grow, too, may be behind it.
void slow(ISOTRACE_FAST_REGISTERS) {
  const auto operation = std::bit_cast<SlowOperation>(pc[2]);
  const Trap trap = operation(*context, frame + field(pc, field_a), pc + 3);
  if (trap != Trap::none) [[unlikely]] {
    ISOTRACE_FAST_TRAP(trap);
  }
  memory = context->memory;
  ISOTRACE_FAST_NEXT(5);
}

}  // namespace

Handler jump_handler(bool to_loop) { return to_loop ? jump<true> : jump<false>; }
Handler enter_loop_handler() { return enter_loop; }
Handler branch_table_handler(From from) {
  return from == From::slot ? branch_table<From::slot> : branch_table<From::accumulator>;
}
Handler move_handler() { return move_slots; }
Handler unreachable_handler() { return unreachable; }
Handler slow_handler() { return slow; }

}  // namespace isotrace::wasm::fast
