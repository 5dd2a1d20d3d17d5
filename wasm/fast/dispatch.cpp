#include <isotrace/wasm/fast/dispatch.hpp>

namespace isotrace::wasm::fast {

[[gnu::noinline]] void suspend(ISOTRACE_FAST_REGISTERS) {
  context->stop = Stop::suspended;
  context->registers = {pc, frame, steps_left, accumulator, floats};
}

[[gnu::noinline]] void stop_at_trap(ISOTRACE_FAST_REGISTERS) {
  context->stop = Stop::trapped;
  context->registers = {pc, frame, steps_left, accumulator, floats};
}

void execute(Context& context, const Registers& registers) {
  context.stop = Stop::none;
#if ISOTRACE_FAST_LOOP
  context.registers = registers;
  while (context.stop == Stop::none) {
    const Registers now = context.registers;
    std::bit_cast<Handler> (*now.pc)(now.pc, now.frame, context.memory, now.steps_left,
                                     now.accumulator, &context, now.floats);
  }
#else
  std::bit_cast<Handler> (*registers.pc)(registers.pc, registers.frame, context.memory,
                                         registers.steps_left, registers.accumulator, &context,
                                         registers.floats);
#endif
}

}  // namespace isotrace::wasm::fast
