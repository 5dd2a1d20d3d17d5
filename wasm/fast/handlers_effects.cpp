// What puts something into the stream of effects, and changes nothing.
#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/operands.hpp>

namespace isotrace::wasm::fast {
namespace {

[[gnu::noinline]] void make_room(Context& context) { context.effects->make_room(); }

template <unsigned values>
void note_stretch(ISOTRACE_FAST_REGISTERS) {
  ISOTRACE_FAST_MAKE_ROOM;
  {
    EffectStream::Cursor effects(*context->effects);
    effects.put(pc[2], 4);
    const std::uint16_t bytes = field(pc, field_result);
    if constexpr (values > 0) effects.put(frame[field(pc, field_a)], bytes & 0xFFU);
    if constexpr (values > 1) effects.put(frame[field(pc, field_b)], bytes >> 8U);
  }
  ISOTRACE_FAST_NEXT(3);
}

void note_long_stretch(ISOTRACE_FAST_REGISTERS) {
  ISOTRACE_FAST_MAKE_ROOM;
  {
    EffectStream::Cursor effects(*context->effects);
    effects.put(pc[2], 4);
    const Word* const end = pc + 3 + field(pc, field_a);
    for (pc += 3; pc != end; ++pc) effects.put(frame[*pc & UINT16_MAX], *pc >> 16U);
  }
  ISOTRACE_FAST_GO;
}

void note_slots(ISOTRACE_FAST_REGISTERS) {
  ISOTRACE_FAST_MAKE_ROOM;
  const Slot* const first = frame + field(pc, field_a);
  const unsigned count = field(pc, field_b);
  for (unsigned i = 0; i < count; ++i) context->effects->put(first[i], field(pc, field_result));
  ISOTRACE_FAST_NEXT(2);
}

}  // namespace

[[gnu::noinline]] void make_room_and_repeat(ISOTRACE_FAST_REGISTERS) {
  make_room(*context);
  ISOTRACE_FAST_GO;
}

Handler note_stretch_handler(std::size_t values) {
  static constexpr Handler handlers[] = {note_stretch<0>, note_stretch<1>, note_stretch<2>};
  return values < std::size(handlers) ? handlers[values] : note_long_stretch;
}
Handler note_slots_handler() { return note_slots; }

}  // namespace isotrace::wasm::fast
