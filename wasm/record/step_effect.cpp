#include <isotrace/wasm/record/step_effect.hpp>

#include <algorithm>

#include <isotrace/wasm/instruction_text.hpp>

namespace isotrace::wasm {
namespace {

bool is_block(Opcode opcode) {
  return opcode == Opcode::block || opcode == Opcode::loop || opcode == Opcode::if_ ||
         opcode == Opcode::else_ || opcode == Opcode::end;
}

/// Blocks and unconditional branches, which CodeWalk::effect() leaves out, too.
StackEffect effect_of(const CodeWalk& walk) {
  const Opcode opcode = walk.now().opcode;
  if (opcode == Opcode::if_ || opcode == Opcode::br_table) return {1, 0};
  if (is_block(opcode) || opcode == Opcode::br || opcode == Opcode::return_ ||
      opcode == Opcode::unreachable) {
    return {0, 0};
  }
  return walk.effect();
}

const Module& module_of(const Store& store, const Frame& frame) {
  return *store.instances[store.functions[frame.function].instance].module;
}

bool is_call(Opcode opcode) { return opcode == Opcode::call || opcode == Opcode::call_indirect; }

}  // namespace

CodeTable::CodeTable(const Module& module) : index_(module.bytes.size()) {
  for (const Function& function : module.functions) {
    if (function.body.begin == 0) continue;  // imported
    CodeWalk walk(module, function);
    while (walk.next()) {
      if (!walk.reached()) continue;
      index_[walk.now().offset] = static_cast<std::uint32_t>(entries_.size());
      entries_.push_back({walk.now(), effect_of(walk)});
    }
  }
}

void skip_markers(const Store& store, Stepper& stepper) {
  const auto& state = stepper.state();
  while (state.status == Status::running) {
    const Frame& frame = state.frames.back();
    if (is_step(instruction_at(module_of(store, frame), frame.pc).opcode)) return;
    stepper.step();
  }
}

/// The range that the opcode is about to write; nothing if that is none, or out of bounds.
std::optional<trace::HostWrite> StepWatch::expect_write(const CodeTable::Entry& entry,
                                                        const StepEffect& effect) const {
  const Instruction& now = entry.instruction;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  if (now.info->immediates == Immediates::memory_access && entry.effect.pushes == 0) {
    address = static_cast<std::uint32_t>(effect.operands[0]) + std::uint64_t{now.second};
    size = std::uint64_t{1} << now.info->alignment;
  } else if (now.opcode == Opcode::memory_fill || now.opcode == Opcode::memory_copy ||
             now.opcode == Opcode::memory_init) {
    address = effect.operands[0];
    size = effect.operands[2];
  }
  if (size == 0) return std::nullopt;
  const ModuleInstance& instance = store_.instances[store_.functions[effect.function].instance];
  const std::uint64_t memory = store_.memories[instance.memories[0]].data.size();
  if (address > memory || size > memory - address) return std::nullopt;
  return trace::HostWrite{address, core::Bytes(size)};
}

std::optional<StepEffect> StepWatch::step() {
  while (stepper_.state().status == Status::running) {
    if (auto effect = execute_opcode()) return effect;
  }
  return std::nullopt;
}

std::optional<StepEffect> StepWatch::execute_opcode() {
  const CodeTable::Entry& entry = code_.at(stepper_.state().frames.back().pc);
  if (is_step(entry.instruction.opcode)) return execute_step(entry);
  stepper_.step();
  return std::nullopt;
}

StepEffect StepWatch::execute_step(const CodeTable::Entry& entry) {
  const Execution& state = stepper_.state();
  const Frame frame = state.frames.back();
  StepEffect effect;
  effect.step = state.steps;
  effect.function = frame.function;
  effect.pc = frame.pc;
  effect.operands.assign(state.slots.end() - entry.effect.pops, state.slots.end());
  auto write = expect_write(entry, effect);
  const std::size_t frames = state.frames.size();
  auto& observer = store_.host_log.observer;
  const bool call = is_call(entry.instruction.opcode);
  HostObserver before;
  if (call) {
    before = std::exchange(observer, [&](const trace::HostCallRecord& record) {
      effect.writes = record.writes;
      if (before) before(record);
    });
  }
  stepper_.step();
  if (call) observer = std::move(before);
  effect.trap = state.trap;
  if (state.status == Status::trapped) return effect;
  if (write) {
    const ModuleInstance& instance = store_.instances[store_.functions[frame.function].instance];
    const auto bytes = std::as_const(store_.memories[instance.memories[0]].data).bytes();
    std::ranges::copy(bytes.subspan(write->address, write->bytes.size()), write->bytes.begin());
    effect.writes.push_back(*std::move(write));
  }
  if (state.frames.size() == frames) {
    effect.results.assign(state.slots.end() - entry.effect.pushes, state.slots.end());
  }
  return effect;
}

}  // namespace isotrace::wasm
