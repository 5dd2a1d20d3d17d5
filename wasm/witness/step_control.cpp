// Blocks, branches and calls.
#include <algorithm>

#include <isotrace/wasm/witness/step.hpp>

namespace isotrace::wasm {

Trap Step::execute() {
  if (opcode_ <= Opcode::call_indirect) return execute_control();
  return execute_data();
}

Trap Step::execute_control() {
  const BranchRecord target = {record_.a, record_.b, record_.c};
  switch (opcode_) {
    case Opcode::unreachable: return Trap::unreachable;
    case Opcode::nop:
    case Opcode::block:
    case Opcode::loop: break;
    case Opcode::if_:
      if (pop_u32() == 0) go_to(record_.a);
      break;
    case Opcode::else_: go_to(record_.a); break;
    case Opcode::end:
      if (record_.a != 0) {
        go_to(record_.a);
        break;
      }
      [[fallthrough]];
    case Opcode::br:
    case Opcode::return_: branch(target); break;
    case Opcode::br_if:
      if (pop_u32() != 0) branch(target);
      break;
    case Opcode::br_table: branch_table(); break;
    case Opcode::call: return enter(record_.a);
    default: return call_indirect();
  }
  return Trap::none;
}

/// Of the innermost frame.
void Step::go_to(std::uint32_t pc) {
  const std::uint64_t frames = size_of(frames_string) / sizeof(FrameRecord);
  store(frames_string, frames - 1, FrameRecord{frame_.function, pc, frame_.slots_begin});
}

void Step::branch(const BranchRecord& target) {
  const std::uint64_t count = slot_count();
  const bool leaves = target.pc == 0;
  const std::uint64_t height = frame_.slots_begin + (leaves ? 0 : target.height);
  expect(height + target.arity <= count, "a branch that takes along more than there is");
  if (height + target.arity != count) {
    const core::Bytes kept = load_bytes(slots_string, (count - target.arity) * sizeof(Slot),
                                        target.arity * sizeof(Slot));
    store_bytes(slots_string, height * sizeof(Slot), kept);
    resize(slots_string, (height + target.arity) * sizeof(Slot));
  }
  if (leaves) {
    resize(frames_string, size_of(frames_string) - sizeof(FrameRecord));
  } else {
    go_to(target.pc);
  }
}

void Step::branch_table() {
  const std::uint32_t wanted = pop_u32();
  expect(record_.b > 0, "a table of branches without any");
  if (failed()) return;
  const std::uint64_t entry = std::uint64_t{record_.a} + std::min(wanted, record_.b - 1);
  branch(load<BranchRecord>(string_of(ProgramString::targets), entry));
}

/// The arguments are on top; they become the first locals.
Trap Step::enter(std::uint32_t function) {
  const auto callee = load<FunctionRecord>(string_of(ProgramString::functions), function);
  const std::uint64_t count = slot_count();
  expect(callee.parameters <= count - frame_.slots_begin, "a call without arguments");
  if (failed()) return Trap::none;
  if (callee.begin == 0) return call_host(function, callee);
  const std::uint64_t frames = size_of(frames_string) / sizeof(FrameRecord);
  const std::uint64_t locals_end = count + callee.locals;
  if (frames >= witness_.program.limits.frames_max ||
      locals_end + callee.operands_max > witness_.program.limits.slots_max) {
    return Trap::call_stack_exhausted;
  }
  resize(slots_string, locals_end * sizeof(Slot));
  resize(frames_string, (frames + 1) * sizeof(FrameRecord));
  store(frames_string, frames, FrameRecord{function, callee.begin, count - callee.parameters});
  return Trap::none;
}

/// Nobody can say what the host must answer: the record says what it did, and goes into the log.
Trap Step::call_host(std::uint32_t function, const FunctionRecord& callee) {
  expect(witness_.host_call.has_value(), "no record of the call of the host");
  if (failed()) return Trap::none;
  host_called_ = true;
  const trace::HostCallRecord& call = *witness_.host_call;
  const std::uint64_t begin = slot_count() - callee.parameters;
  const core::Bytes arguments =
      load_bytes(slots_string, begin * sizeof(Slot), callee.parameters * sizeof(Slot));
  const core::ByteView stated(reinterpret_cast<const std::uint8_t*>(call.arguments.data()),
                              call.arguments.size() * sizeof(Slot));
  expect(call.function == function && call.results.size() == callee.results &&
             std::ranges::equal(stated, arguments),
         "a record of another call of the host");
  expect(call.trap <= static_cast<std::uint8_t>(Trap::exit), "a call of the host that it refused");
  for (const trace::HostWrite& write : call.writes) {
    store_bytes(memory_string(), write.address, write.bytes);
  }
  ++state_.host_calls.size;
  state_.host_calls.digest = trace::extend_host_log(state_.host_calls.digest, call);
  if (call.trap != 0) return static_cast<Trap>(call.trap);
  resize(slots_string, begin * sizeof(Slot));
  push(call.results);
  return Trap::none;
}

Trap Step::call_indirect() {
  const std::uint32_t table = table_string(record_.b);
  const std::uint32_t index = pop_u32();
  if (index >= size_of(table) / sizeof(Slot)) return Trap::undefined_element;
  const Slot reference = load<Slot>(table, index);
  if (reference == null_reference) return Trap::uninitialized_element;
  expect(reference - 1 <= UINT32_MAX, "a reference to no function");
  const auto function = static_cast<std::uint32_t>(reference - 1);
  const auto callee = load<FunctionRecord>(string_of(ProgramString::functions), function);
  if (callee.type != record_.a) return Trap::indirect_call_type_mismatch;
  return enter(function);
}

}  // namespace isotrace::wasm
