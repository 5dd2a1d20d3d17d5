#include <isotrace/wasm/effect_stepper.hpp>

#include <isotrace/core/float_environment.hpp>

namespace isotrace::wasm {

core::Result<core::Done> EffectStepper::begin(Address function, std::span<const Slot> arguments) {
  changed_.clear();
  return stepper_.begin(function, arguments);
}

void EffectStepper::restore(const Execution& state) {
  changed_.clear();  // where engines hand over, nothing was set since the stretch before
  stepper_.restore(state);
}

bool EffectStepper::run_to_suspend_point(std::uint64_t steps_min) {
  const core::FloatEnvironment environment;
  while (stepper_.state().status == Status::running) {
    const Frame& frame = stepper_.state().frames.back();
    instance_ = store_.functions[frame.function].instance;
    const CodeTable::Entry& entry = code_.at(frame.pc);
    if (stream_.is_full()) stream_.make_room();
    // Before it stops here: a state says nothing of stretches.
    if (entry.instruction.opcode == Opcode::loop && !changed_.empty()) end_stretch(frame.pc);
    if (stepper_.steps() >= steps_min && at_suspend_point(entry.instruction.opcode)) return false;
    execute(entry);
  }
  return true;
}

bool EffectStepper::at_suspend_point(Opcode opcode) {
  return opcode == Opcode::loop || stepper_.state().frames.back().pc == function().body.begin;
}

void EffectStepper::execute(const CodeTable::Entry& entry) {
  const Instruction& now = entry.instruction;
  if (now.opcode <= Opcode::call_indirect) return execute_control(entry);
  if (now.info->immediates == Immediates::memory_access) return execute_access(entry);
  if (has_noted_operands(now.opcode)) return execute_noted(entry);
  if (now.opcode == Opcode::local_set || now.opcode == Opcode::local_tee) {
    changed_.insert(now.first);
  } else if (now.opcode == Opcode::global_set) {
    stream_.put(stepper_.state().slots.back(),
                effect_bytes(module().globals[now.first].type.value));
  }
  stepper_.step_in_environment();
}

/// A load: the value. A store: the address, 4 bytes, and the value.
void EffectStepper::execute_access(const CodeTable::Entry& entry) {
  const Execution& state = stepper_.state();
  const Instruction& now = entry.instruction;
  const bool wide = [&] {
    const char letter =
        entry.effect.pushes == 0 ? now.info->signature[1] : now.info->signature.back();
    return letter == 'I' || letter == 'F';
  }();
  const std::size_t bytes = wide ? 8 : 4;
  if (entry.effect.pushes != 0) {
    stepper_.step_in_environment();
    if (state.status == Status::running) stream_.put(state.slots.back(), bytes);
    return;
  }
  const Slot value = state.slots.back();
  const auto base = static_cast<std::uint32_t>(state.slots[state.slots.size() - 2]);
  stepper_.step_in_environment();
  if (state.status != Status::running) return;
  stream_.put(std::uint64_t{base} + now.second, 4);
  stream_.put(value, bytes);
}

void EffectStepper::execute_noted(const CodeTable::Entry& entry) {
  const Execution& state = stepper_.state();
  for (const Slot operand : std::span(state.slots).last(entry.effect.pops)) stream_.put(operand, 8);
  stepper_.step_in_environment();
  if (state.status != Status::running) return;
  for (const Slot result : std::span(state.slots).last(entry.effect.pushes)) stream_.put(result, 8);
}

void EffectStepper::execute_control(const CodeTable::Entry& entry) {
  const Execution& state = stepper_.state();
  const Instruction& now = entry.instruction;
  const bool calls = now.opcode == Opcode::call || now.opcode == Opcode::call_indirect;
  const bool decides = calls || now.opcode == Opcode::if_ || now.opcode == Opcode::br_if ||
                       now.opcode == Opcode::br_table;
  const bool ends = now.opcode == Opcode::else_ || now.opcode == Opcode::end ||
                    now.opcode == Opcode::br || now.opcode == Opcode::return_;
  if (decides || (ends && !changed_.empty())) end_stretch(now.offset);
  if (calls) {
    const auto& parameters = callee_type(now).parameters;
    const bool indirect = now.opcode == Opcode::call_indirect;
    const auto operands = std::span(state.slots).last(parameters.size() + (indirect ? 1 : 0));
    put_values(operands.first(parameters.size()), parameters);
    if (indirect) stream_.put(operands.back(), 4);
  }
  const std::size_t frames = state.frames.size();
  const Function& left = function();
  stepper_.step_in_environment();
  if (state.status == Status::trapped) return;
  if (state.frames.size() < frames) {
    const auto& results = module().type_of(left).results;
    stream_.put(left.body.end, 4);
    put_values(std::span(state.slots).last(results.size()), results);
  } else if (calls && state.frames.size() == frames) {  // of the host
    const auto& results = callee_type(now).results;
    put_values(std::span(state.slots).last(results.size()), results);
  }
}

void EffectStepper::end_stretch(std::uint32_t pc) {
  const Execution& state = stepper_.state();
  stream_.put(pc, 4);
  if (changed_.empty()) return;
  auto& bytes = bytes_[&function()];
  if (bytes.empty()) bytes = effect_bytes_of_locals(module(), function());
  for (const std::uint32_t local : changed_) {
    stream_.put(state.slots[state.frames.back().slots_begin + local], bytes[local]);
  }
  changed_.clear();
}

void EffectStepper::put_values(std::span<const Slot> values, std::span<const ValueType> types) {
  for (std::size_t i = 0; i < values.size(); ++i) stream_.put(values[i], effect_bytes(types[i]));
}

const FunctionType& EffectStepper::callee_type(const Instruction& call) const {
  if (call.opcode == Opcode::call_indirect) return module().types[call.first];
  return module().type_of(module().functions[call.first]);
}

}  // namespace isotrace::wasm
