// How one handler goes on to the next. A handler is a function of the machine's registers; at its
// end it jumps to the next one. Compilers make such calls jumps where they optimise; elsewhere a
// handler stores the registers and returns to a loop. Either way the native stack stays as it is.
// A handler must not let the address of a local escape: slow paths are functions of their own.
#pragma once

#include <isotrace/wasm/fast/code.hpp>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define ISOTRACE_FAST_LOOP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define ISOTRACE_FAST_LOOP 1
#endif
#endif
#ifndef ISOTRACE_FAST_LOOP
#define ISOTRACE_FAST_LOOP 0
#endif

#if defined(__clang__) && !ISOTRACE_FAST_LOOP
#define ISOTRACE_FAST_JUMP [[clang::musttail]] return
#else
#define ISOTRACE_FAST_JUMP return
#endif

namespace isotrace::wasm::fast {

// steps_left: until the next suspend point is to stop, which it is where they are fewer than 0: a
// subtraction tells that by itself. Counted at the end of straight code.
#define ISOTRACE_FAST_REGISTERS                                                        \
  [[maybe_unused]] const Word *pc, [[maybe_unused]] Slot *frame,                       \
      [[maybe_unused]] std::uint8_t *memory, [[maybe_unused]] std::int64_t steps_left, \
      [[maybe_unused]] Slot accumulator, [[maybe_unused]] Context *context,            \
      [[maybe_unused]] FloatRegister floats
#define ISOTRACE_FAST_PASS pc, frame, memory, steps_left, accumulator, context, floats

using Handler = void (*)(ISOTRACE_FAST_REGISTERS);

inline Word handler_word(Handler handler) { return std::bit_cast<Word>(handler); }

#if ISOTRACE_FAST_LOOP
#define ISOTRACE_FAST_GO                                               \
  do {                                                                 \
    context->registers = {pc, frame, steps_left, accumulator, floats}; \
    return;                                                            \
  } while (false)
#else
#define ISOTRACE_FAST_GO ISOTRACE_FAST_JUMP std::bit_cast<Handler> (*pc)(ISOTRACE_FAST_PASS)
#endif

/// Goes on behind an operation of that many words.
#define ISOTRACE_FAST_NEXT(words) \
  pc += (words);                  \
  ISOTRACE_FAST_GO

/// Stop at this suspend point.
void suspend(ISOTRACE_FAST_REGISTERS);
/// The operation at pc traps, with the reason in the context.
void stop_at_trap(ISOTRACE_FAST_REGISTERS);

/// Makes room in the stream of effects and executes the operation at pc anew.
void make_room_and_repeat(ISOTRACE_FAST_REGISTERS);

/// Executes from pc until something stops.
void execute(Context &context, const Registers &registers);

#define ISOTRACE_FAST_TRAP(reason)                       \
  do {                                                   \
    context->trap = (reason);                            \
    ISOTRACE_FAST_JUMP stop_at_trap(ISOTRACE_FAST_PASS); \
  } while (false)

#define ISOTRACE_FAST_MAKE_ROOM                 \
  if (context->effects->is_full()) [[unlikely]] \
  ISOTRACE_FAST_JUMP make_room_and_repeat(ISOTRACE_FAST_PASS)

#define ISOTRACE_FAST_SUSPEND_IF_DUE        \
  if (!bare && steps_left < 0) [[unlikely]] \
  ISOTRACE_FAST_JUMP suspend(ISOTRACE_FAST_PASS)

}  // namespace isotrace::wasm::fast
