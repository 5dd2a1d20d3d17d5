#include <isotrace/wasm/stepper.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/wasm/code_walk.hpp>
#include <isotrace/wasm/numeric/numeric.hpp>

namespace isotrace::wasm {

core::Result<core::Done> Stepper::begin(Address function, std::span<const Slot> arguments) {
  ISOTRACE_CHECK(state_.status != Status::running);
  ISOTRACE_TRY_DONE(check_arguments(store_, function, arguments));
  const std::uint64_t steps = state_.steps;
  state_ = Execution();
  labels_.clear();
  labels_begin_.clear();
  state_.status = Status::running;
  state_.steps = steps;
  state_.slots.assign(arguments.begin(), arguments.end());
  const core::FloatEnvironment environment;
  if (const Trap trap = enter(function); trap != Trap::none) {
    trap_at(0, trap);
  } else if (state_.frames.empty()) {
    state_.status = Status::finished;  // a host function
  }
  return core::Done{};
}

void Stepper::step() {
  ISOTRACE_CHECK(state_.status == Status::running);
  const core::FloatEnvironment environment;
  execute_next();
}

bool Stepper::run(std::uint64_t steps_max) {
  const core::FloatEnvironment environment;
  while (state_.status == Status::running && state_.steps < steps_max) execute_next();
  return state_.status != Status::running;
}

void Stepper::execute_next() {
  const std::uint32_t begin = state_.frames.back().pc;
  const Opcode opcode = read_opcode();
  if (is_step(opcode)) ++state_.steps;
  if (const Trap trap = execute(opcode); trap != Trap::none) {
    trap_at(begin, trap);
  } else if (state_.frames.empty()) {
    state_.status = Status::finished;
  }
}

/// The frames say where it was; values are gone.
void Stepper::trap_at(std::uint32_t pc, Trap trap) {
  state_.status = Status::trapped;
  state_.trap = trap;
  if (!state_.frames.empty()) state_.frames.back().pc = pc;
  state_.slots.clear();
}

const Function& Stepper::function_of(const Frame& frame) const {
  const FunctionInstance& instance = store_.functions[frame.function];
  return store_.instances[instance.instance].module->functions[instance.index];
}

bool Stepper::at_suspend_point() const {
  const std::uint32_t pc = state_.frames.back().pc;
  return code_[pc] == static_cast<std::uint8_t>(Opcode::loop) ||
         pc == function_of(state_.frames.back()).body.begin;
}

bool Stepper::run_to_suspend_point(std::uint64_t steps_min) {
  const core::FloatEnvironment environment;
  while (state_.status == Status::running) {
    if (state_.steps >= steps_min && at_suspend_point()) return false;
    execute_next();
  }
  return true;
}

void Stepper::restore(const Execution& state) {
  state_ = state;
  labels_.clear();
  labels_begin_.clear();
  if (state_.status != Status::running) return;
  for (const Frame& frame : state_.frames) {
    labels_begin_.push_back(static_cast<std::uint32_t>(labels_.size()));
    const Function& function = function_of(frame);
    const Module& module = *store_.instances[store_.functions[frame.function].instance].module;
    const std::vector<OpenCode> open = open_code_at(module, function, frame.pc);
    for (const OpenCode& code : std::span(open).subspan(1)) {
      labels_.push_back({code.continuation, code.arity, frame.slots_begin + code.height});
    }
  }
  load_frame();
}

Trap Stepper::execute(Opcode opcode) {
  if (opcode <= Opcode::call_indirect) return execute_control(opcode);
  if (opcode <= Opcode::select_typed) return execute_parametric(opcode);
  if (opcode <= Opcode::global_set) return execute_variable(opcode);
  if (opcode <= Opcode::table_set) return execute_table(opcode);
  if (opcode <= Opcode::memory_grow) return execute_memory(opcode);
  if (opcode <= Opcode::f64_const) {
    execute_constant(opcode);
    return Trap::none;
  }
  if (is_numeric(opcode)) return execute_numeric(opcode, state_.slots);
  if (opcode <= Opcode::ref_func) return execute_reference(opcode);
  if (opcode <= Opcode::memory_fill) return execute_memory(opcode);
  return execute_table(opcode);
}

void Stepper::execute_constant(Opcode opcode) {
  switch (opcode) {
    case Opcode::i32_const: push_u32(static_cast<std::uint32_t>(read_signed())); break;
    case Opcode::i64_const: push_slot(static_cast<std::uint64_t>(read_signed())); break;
    case Opcode::f32_const: push_slot(read_fixed(4)); break;
    default: push_slot(read_fixed(8)); break;
  }
}

Opcode Stepper::read_opcode() {
  const std::uint8_t first = read_byte();
  if (first != prefix_byte) return static_cast<Opcode>(first);
  return static_cast<Opcode>(std::uint32_t{prefix_byte} << 8 | read_u32());
}

std::uint32_t Stepper::read_u32() {
  std::uint32_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint8_t next = read_byte();
    value |= static_cast<std::uint32_t>(next & 0x7FU) << shift;
    if ((next & 0x80U) == 0) return value;
  }
}

std::int64_t Stepper::read_signed() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint8_t next = read_byte();
    value |= std::uint64_t{next & 0x7FU} << shift;
    if ((next & 0x80U) != 0) continue;
    if (shift + 7 < 64 && (next & 0x40U) != 0) value |= ~std::uint64_t{0} << (shift + 7);
    return static_cast<std::int64_t>(value);
  }
}

Slot Stepper::read_fixed(unsigned size) {
  Slot value = 0;
  for (unsigned i = 0; i < size; ++i) value |= Slot{read_byte()} << (8 * i);
  return value;
}

}  // namespace isotrace::wasm
