// Code that notes its effects: the stream is that of EffectStepper.
#include <isotrace/wasm/fast/translator.hpp>

namespace isotrace::wasm::fast {
namespace {

constexpr Word slot_with_bytes(std::uint64_t slot, std::size_t bytes) { return slot | bytes << 16; }

}  // namespace

/// Of the instruction at control_pc_, which decides where to go on.
void Translator::end_stretch() { emit_stretch(control_pc_, take_changed()); }

/// Where it is clear how it goes on, only what was set has to be noted.
void Translator::end_changed_stretch() {
  if (!changed_.empty()) end_stretch();
}

/// All operands are in their slots.
void Translator::end_stretch_at_call(const FunctionType& type, bool indirect) {
  std::vector<Word> values = take_changed();
  const std::size_t first = stack_.height() - type.parameters.size() - (indirect ? 1 : 0);
  add_operands(values, type.parameters, first);
  if (indirect) values.push_back(slot_with_bytes(stack_.slot_of(stack_.height() - 1), 4));
  emit_stretch(control_pc_, values);
}

/// The function returns: a stretch of its own, which ends where the function does.
void Translator::note_results() {
  stack_.settle();
  const auto& types = module_.type_of(function_).results;
  std::vector<Word> values;
  add_operands(values, types, stack_.height() - types.size());
  emit_stretch(function_.body.end, values);
}

std::vector<Word> Translator::take_changed() {
  std::vector<Word> values;
  for (const std::uint32_t local : changed_) {
    values.push_back(slot_with_bytes(local, bytes_[local]));
  }
  changed_.clear();
  return values;
}

void Translator::add_operands(std::vector<Word>& values, std::span<const ValueType> types,
                              std::size_t first) const {
  for (std::size_t i = 0; i < types.size(); ++i) {
    values.push_back(slot_with_bytes(stack_.slot_of(first + i), effect_bytes(types[i])));
  }
}

void Translator::emit_stretch(std::uint32_t pc, std::span<const Word> values) {
  const Handler handler = note_stretch_handler(values.size());
  if (handler == note_stretch_handler(SIZE_MAX)) {
    stack_.emit(handler, fields(values.size(), 0, 0));
    stack_.word(pc);
    for (const Word value : values) stack_.word(value);
    return;
  }
  const Word a = values.empty() ? 0 : values[0];
  const Word b = values.size() < 2 ? 0 : values[1];
  stack_.emit(handler, fields(a & UINT16_MAX, b & UINT16_MAX, a >> 16 | (b >> 16) << 8));
  stack_.word(pc);
}

void Translator::note_slots(std::size_t first, std::size_t count, std::size_t bytes) {
  if (count == 0) return;
  stack_.emit(note_slots_handler(), fields(stack_.slot_of(first), count, bytes));
}

}  // namespace isotrace::wasm::fast
