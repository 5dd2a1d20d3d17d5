// Blocks, branches and calls.
#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::wasm {
namespace {

/// A block type as validated code has it: a negative number names a value type or nothing.
struct BlockArity {
  std::uint32_t parameters = 0;
  std::uint32_t results = 0;
};

BlockArity block_arity(std::int64_t type, const Module& module) {
  constexpr std::int64_t empty = -64;
  if (type == empty) return {0, 0};
  if (type < 0) return {0, 1};
  const FunctionType& named = module.types[static_cast<std::size_t>(type)];
  return {static_cast<std::uint32_t>(named.parameters.size()),
          static_cast<std::uint32_t>(named.results.size())};
}

}  // namespace

Trap Stepper::execute_control(Opcode opcode) {
  const std::uint32_t begin = state_.frames.back().pc - 1;
  switch (opcode) {
    case Opcode::unreachable: return Trap::unreachable;
    case Opcode::nop: break;
    case Opcode::block:
    case Opcode::loop: open_block(opcode, begin); break;
    case Opcode::if_: open_if(begin); break;
    case Opcode::else_:  // the first branch is done
      state_.frames.back().pc = labels_.back().continuation;
      labels_.pop_back();
      break;
    case Opcode::end:
      if (labels_.size() > labels_begin_.back()) {
        labels_.pop_back();
      } else {
        return_from_function();
      }
      break;
    case Opcode::br: branch(read_u32()); break;
    case Opcode::br_if: {
      const std::uint32_t depth = read_u32();
      if (pop_u32() != 0) branch(depth);
      break;
    }
    case Opcode::br_table: branch_table(); break;
    case Opcode::return_: return_from_function(); break;
    case Opcode::call: return enter(store_.instances[instance_].functions[read_u32()]);
    default: return call_indirect();
  }
  return Trap::none;
}

const Control& Stepper::control_at(std::uint32_t begin) const {
  const Module& module = *store_.instances[instance_].module;
  const Function& function = function_of(state_.frames.back());
  const auto first = module.controls.begin();
  return *std::lower_bound(
      first + function.controls_begin, first + function.controls_end, begin,
      [](const Control& control, std::uint32_t offset) { return control.begin < offset; });
}

void Stepper::push_label(std::uint32_t continuation, std::uint32_t arity,
                         std::uint32_t parameters) {
  const auto height = static_cast<std::uint32_t>(state_.slots.size()) - parameters;
  labels_.push_back({continuation, arity, height});
}

void Stepper::open_block(Opcode opcode, std::uint32_t begin) {
  const BlockArity arity = block_arity(read_signed(), *store_.instances[instance_].module);
  if (opcode == Opcode::loop) {
    push_label(begin, arity.parameters, arity.parameters);
  } else {
    push_label(control_at(begin).end + 1, arity.results, arity.parameters);
  }
}

void Stepper::open_if(std::uint32_t begin) {
  const BlockArity arity = block_arity(read_signed(), *store_.instances[instance_].module);
  const Control& control = control_at(begin);
  const bool condition = pop_u32() != 0;
  if (!condition && control.alternative == 0) {
    state_.frames.back().pc = control.end + 1;
    return;
  }
  if (!condition) state_.frames.back().pc = control.alternative + 1;
  push_label(control.end + 1, arity.results, arity.parameters);
}

/// Takes away what is between `height` and the `count` topmost slots.
void Stepper::keep_top(std::size_t count, std::size_t height) {
  std::vector<Slot>& slots = state_.slots;
  const auto at = [&](std::size_t i) { return slots.begin() + static_cast<std::ptrdiff_t>(i); };
  std::copy(at(slots.size() - count), slots.end(), at(height));
  slots.resize(height + count);
}

void Stepper::branch(std::uint32_t depth) {
  Frame& frame = state_.frames.back();
  const std::size_t open = labels_.size() - labels_begin_.back();
  if (depth == open) {  // the function's own label
    return_from_function();
    return;
  }
  const std::size_t target = labels_.size() - 1 - depth;
  const Label label = labels_[target];
  keep_top(label.arity, label.height);
  labels_.resize(target);
  frame.pc = label.continuation;
}

void Stepper::branch_table() {
  const std::uint32_t count = read_u32();
  const std::uint32_t wanted = std::min(pop_u32(), count);
  std::uint32_t depth = read_u32();
  for (std::uint32_t i = 0; i < wanted; ++i) depth = read_u32();
  branch(depth);
}

void Stepper::return_from_function() {
  const Frame frame = state_.frames.back();
  keep_top(store_.type_of(frame.function).results.size(), frame.slots_begin);
  labels_.resize(labels_begin_.back());
  labels_begin_.pop_back();
  state_.frames.pop_back();
  if (!state_.frames.empty()) load_frame();
}

/// The arguments are on top; they become the first locals.
Trap Stepper::enter(Address address) {
  const FunctionInstance& instance = store_.functions[address];
  const FunctionType& type = store_.type_of(address);
  if (instance.host) return enter_host(address, type);
  const Function& function = store_.instances[instance.instance].module->functions[instance.index];
  const std::size_t begin = state_.slots.size() - type.parameters.size();
  const std::size_t locals_end = state_.slots.size() + function.locals_count;
  if (state_.frames.size() >= store_.limits.frames_max ||
      locals_end + function.operands_max > store_.limits.slots_max) {
    return Trap::call_stack_exhausted;
  }
  state_.slots.resize(locals_end, 0);
  state_.frames.push_back({address, function.body.begin, static_cast<std::uint32_t>(begin)});
  labels_begin_.push_back(static_cast<std::uint32_t>(labels_.size()));
  load_frame();
  return Trap::none;
}

Trap Stepper::enter_host(Address function, const FunctionType& type) {
  const std::size_t begin = state_.slots.size() - type.parameters.size();
  const std::span<const Slot> arguments = std::span(state_.slots).subspan(begin);
  std::vector<Slot> results(type.results.size());
  const Trap trap = call_host(store_, instance_, function, arguments, results);
  if (trap != Trap::none) return trap;
  state_.slots.resize(begin);
  state_.slots.insert(state_.slots.end(), results.begin(), results.end());
  return Trap::none;
}

Trap Stepper::call_indirect() {
  const ModuleInstance& instance = store_.instances[instance_];
  const std::uint32_t type = read_u32();
  const TableInstance& from = table(read_u32());
  const std::uint32_t index = pop_u32();
  if (index >= from.elements.size()) return Trap::undefined_element;
  const Slot reference = from.elements[index];
  if (reference == null_reference) return Trap::uninitialized_element;
  const auto function = static_cast<Address>(reference - 1);
  if (store_.functions[function].type_id != instance.type_ids[type]) {
    return Trap::indirect_call_type_mismatch;
  }
  return enter(function);
}

void Stepper::load_frame() {
  instance_ = store_.functions[state_.frames.back().function].instance;
  code_ = store_.instances[instance_].module->bytes.data();
}

}  // namespace isotrace::wasm
