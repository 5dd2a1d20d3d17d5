// Calls and returns. The frame of a callee begins with the arguments, where the caller put them;
// returns are a list of their own.
#include <algorithm>

#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/operands.hpp>
#include <isotrace/wasm/fast/translations.hpp>

namespace isotrace::wasm::fast {
namespace {

/// Clears locals, some at a time: what is cleared behind them are operands that nobody reads.
[[gnu::always_inline]] inline void clear_locals(const Routine& routine, Slot* frame) {
  for (std::uint32_t i = routine.parameters; i < routine.locals_end; i += locals_at_a_time) {
    for (std::uint32_t j = 0; j < locals_at_a_time; j += 2) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(frame + i + j), _mm_setzero_si128());
    }
  }
}

/// Opens a frame at `callee`. False: the limits forbid it.
[[gnu::always_inline]] inline bool open_frame(Context& context, const Routine& routine,
                                              Slot* callee, const Word* return_pc, Slot* frame) {
  const auto room = static_cast<std::uint64_t>(context.slots_end - callee);
  if (context.returns_top == context.returns_end || routine.frame_slots > room) [[unlikely]] {
    return false;
  }
  *context.returns_top++ = {return_pc, frame};
  return true;
}

template <bool has_locals>
void call(ISOTRACE_FAST_REGISTERS) {
  const auto* const routine = std::bit_cast<const Routine*>(pc[2]);
  Slot* const callee = frame + field(pc, field_a);
  if (!open_frame(*context, *routine, callee, pc + 5, frame)) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::call_stack_exhausted);
  }
  if constexpr (has_locals) clear_locals(*routine, callee);
  steps_left -= steps_in(pc[3]);
  frame = callee;
  pc = routine->entry;
  ISOTRACE_FAST_SUSPEND_IF_DUE;
  ISOTRACE_FAST_GO;
}

void call_foreign(ISOTRACE_FAST_REGISTERS) {
  const auto* const routine = std::bit_cast<const Routine*>(pc[2]);
  Slot* const callee = frame + field(pc, field_a);
  if (!open_frame(*context, *routine, callee, pc + 5, frame)) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::call_stack_exhausted);
  }
  clear_locals(*routine, callee);
  steps_left -= steps_in(pc[3]);
  context->load_instance(routine->instance);
  memory = context->memory;
  frame = callee;
  pc = routine->entry;
  ISOTRACE_FAST_SUSPEND_IF_DUE;
  ISOTRACE_FAST_GO;
}

void enter_instance(ISOTRACE_FAST_REGISTERS) {
  context->load_instance(static_cast<Address>(pc[2]));
  memory = context->memory;
  ISOTRACE_FAST_NEXT(enter_instance_words);
}

void note_results(EffectStream& effects, const FunctionType& type, std::span<const Slot> results) {
  if (effects.is_full()) effects.make_room();
  for (std::size_t i = 0; i < results.size(); ++i) {
    effects.put(results[i], effect_bytes(type.results[i]));
  }
}

/// The results take the place of the arguments.
[[gnu::noinline]] Trap call_host_at(Context& context, Address function, Slot* arguments) {
  const FunctionType& type = context.store->type_of(function);
  std::vector<Slot> results(type.results.size());
  const Trap trap = wasm::call_host(*context.store, context.instance, function,
                                    {arguments, type.parameters.size()}, results);
  context.load_instance(context.instance);
  if (trap != Trap::none) return trap;
  std::ranges::copy(results, arguments);
  if (context.effects != nullptr) note_results(*context.effects, type, results);
  return trap;
}

void call_host(ISOTRACE_FAST_REGISTERS) {
  const Trap trap = call_host_at(*context, static_cast<Address>(pc[2]), frame + field(pc, field_a));
  if (trap != Trap::none) [[unlikely]] {
    ISOTRACE_FAST_TRAP(trap);
  }
  memory = context->memory;
  steps_left -= steps_in(pc[3]);
  ISOTRACE_FAST_NEXT(4);
}

/// The routine that a table has at an index; nullptr: a trap.
[[gnu::always_inline]] inline const Routine* find_callee(Context& context, Word table,
                                                         std::uint32_t index, Word type_id) {
  const std::vector<Slot>& elements = context.store->tables[table].elements;
  if (index >= elements.size()) [[unlikely]] {
    context.trap = Trap::undefined_element;
    return nullptr;
  }
  const Slot reference = elements[index];
  if (reference == null_reference) [[unlikely]] {
    context.trap = Trap::uninitialized_element;
    return nullptr;
  }
  const Routine* const routine = context.routines[reference - 1];
  if (routine->type_id != type_id) [[unlikely]] {
    context.trap = Trap::indirect_call_type_mismatch;
    return nullptr;
  }
  return routine;
}

inline constexpr std::uint32_t call_indirect_words = 6;

template <From from>
void call_indirect(ISOTRACE_FAST_REGISTERS) {
  const auto index = operand<std::uint32_t, from, field_b, 2>(pc, frame, accumulator, floats);
  const Routine* const routine = find_callee(*context, pc[2], index, pc[3]);
  if (routine == nullptr) [[unlikely]] {
    ISOTRACE_FAST_JUMP stop_at_trap(ISOTRACE_FAST_PASS);
  }
  Slot* const callee = frame + field(pc, field_a);
  const Word* const after = pc + call_indirect_words;
  if (routine->is_host) [[unlikely]] {
    const Trap trap = call_host_at(*context, routine->address, callee);
    if (trap != Trap::none) [[unlikely]] {
      ISOTRACE_FAST_TRAP(trap);
    }
    memory = context->memory;
    steps_left -= steps_in(pc[4]);
    pc = after + enter_instance_words;
    ISOTRACE_FAST_GO;
  }
  const bool foreign = routine->instance != context->instance;
  const Word* const return_pc = foreign ? after : after + enter_instance_words;
  if (!open_frame(*context, *routine, callee, return_pc, frame)) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::call_stack_exhausted);
  }
  clear_locals(*routine, callee);
  if (foreign) [[unlikely]] {
    context->load_instance(routine->instance);
    memory = context->memory;
  }
  steps_left -= steps_in(pc[4]);
  frame = callee;
  pc = routine->entry;
  ISOTRACE_FAST_SUSPEND_IF_DUE;
  ISOTRACE_FAST_GO;
}

/// The word with the steps.
#define ISOTRACE_FAST_LEAVE_FRAME(word)         \
  steps_left -= steps_in(pc[word]);             \
  const Return& back = *--context->returns_top; \
  pc = back.pc;                                 \
  frame = back.frame;                           \
  ISOTRACE_FAST_GO

void return_none(ISOTRACE_FAST_REGISTERS) { ISOTRACE_FAST_LEAVE_FRAME(2); }

template <From from>
void return_one(ISOTRACE_FAST_REGISTERS) {
  frame[0] = operand<Slot, from, field_a, 2>(pc, frame, accumulator, floats);
  ISOTRACE_FAST_LEAVE_FRAME(2 + constants(from));
}

void return_many(ISOTRACE_FAST_REGISTERS) {
  std::memmove(frame, frame + field(pc, field_a), field(pc, field_result) * sizeof(Slot));
  ISOTRACE_FAST_LEAVE_FRAME(2);
}

#undef ISOTRACE_FAST_LEAVE_FRAME

void finish(ISOTRACE_FAST_REGISTERS) {
  context->stop = Stop::finished;
  context->registers = {pc, frame, steps_left, accumulator, floats};
}

[[gnu::noinline]] const Word* find_entry(Context& context, Address function) {
  const Routine* const routine = context.translations->translated(function);
  return routine == nullptr ? nullptr : routine->entry;
}

[[gnu::noinline]] void stop_at_wide(ISOTRACE_FAST_REGISTERS) {
  context->stop = Stop::wide;
  context->registers = {pc, frame, steps_left, accumulator, floats};
}

void translate(ISOTRACE_FAST_REGISTERS) {
  const Word* const entry = find_entry(*context, place_function(pc[-1]));
  if (entry == nullptr) [[unlikely]] {
    ISOTRACE_FAST_JUMP stop_at_wide(ISOTRACE_FAST_PASS);
  }
  pc = entry;
  ISOTRACE_FAST_GO;
}

}  // namespace

Handler call_handler(bool has_locals) { return has_locals ? call<true> : call<false>; }
Handler call_foreign_handler() { return call_foreign; }
Handler call_host_handler() { return call_host; }
Handler call_indirect_handler(From index) {
  return index == From::slot ? call_indirect<From::slot> : call_indirect<From::accumulator>;
}
Handler enter_instance_handler() { return enter_instance; }
Handler return_handler() { return return_none; }
Handler return_handler(From from) {
  static constexpr Handler handlers[] = {return_one<From::slot>, return_one<From::accumulator>,
                                         return_one<From::constant>,
                                         return_one<From::float_accumulator>};
  return handlers[static_cast<int>(from)];
}
Handler return_many_handler() { return return_many; }
Handler finish_handler() { return finish; }
Handler translate_handler() { return translate; }

void Context::load_instance(Address address) {
  instance = address;
  memory = LinearMemory::nowhere();
  memory_size = 0;
  if (address >= store->instances.size() || store->instances[address].memories.empty()) return;
  LinearMemory& data = store->memories[store->instances[address].memories[0]].data;
  if (data.pages() == 0) return;
  memory = data.bytes().data();
  memory_size = data.size();
}

}  // namespace isotrace::wasm::fast
