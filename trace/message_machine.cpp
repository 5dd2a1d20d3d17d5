// What messages say of WebAssembly machines, between plain values and Cap'n Proto.
#include <isotrace/trace/message_parts.hpp>

namespace isotrace::trace {
namespace {

using core::Result;
using ContentsList = capnp::List<wire::Contents>;

void set_contents(wire::Contents::Builder out, const Contents& contents) {
  out.setSize(contents.size);
  out.setDigest(data_of(contents.digest.view()));
}

Result<Contents> get_contents(wire::Contents::Reader in) {
  Contents contents;
  contents.size = in.getSize();
  ISOTRACE_TRY(contents.digest, get_digest(in.getDigest()));
  return contents;
}

void set_list(ContentsList::Builder out, const std::vector<Contents>& list) {
  for (unsigned i = 0; i < out.size(); ++i) set_contents(out[i], list[i]);
}

Result<std::vector<Contents>> get_list(ContentsList::Reader in) {
  std::vector<Contents> list;
  for (const auto contents : in) {
    ISOTRACE_TRY(const Contents next, get_contents(contents));
    list.push_back(next);
  }
  return list;
}

}  // namespace

void set_slots(capnp::List<std::uint64_t>::Builder out, const std::vector<std::uint64_t>& slots) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, slots[i]);
}

std::vector<std::uint64_t> get_slots(capnp::List<std::uint64_t>::Reader in) {
  std::vector<std::uint64_t> slots;
  slots.reserve(in.size());
  for (const std::uint64_t slot : in) slots.push_back(slot);
  return slots;
}

void set_machine(wire::Machine::Builder out, const MachineIdentity& machine) {
  out.setModule(data_of(machine.module.view()));
  out.setEdition(machine.edition);
  out.setInvoke(text_of(machine.invoke));
  set_slots(out.initArguments(count_of(machine.arguments.size())), machine.arguments);
  out.setMemoryPages(machine.limits.memory_pages);
  out.setTableElements(machine.limits.table_elements);
  out.setFrames(machine.limits.frames);
  out.setSlots(machine.limits.slots);
  out.setInterval(machine.interval);
  auto settings = out.initSettings(count_of(machine.settings.size()));
  for (unsigned i = 0; i < settings.size(); ++i) {
    settings[i].setName(text_of(machine.settings[i].name));
    settings[i].setValue(data_of(core::as_bytes(machine.settings[i].value)));
  }
}

Result<MachineIdentity> get_machine(wire::Machine::Reader in) {
  MachineIdentity machine;
  ISOTRACE_TRY(machine.module, get_digest(in.getModule()));
  machine.edition = in.getEdition();
  ISOTRACE_TRY(machine.invoke, get_text(in.getInvoke()));
  machine.arguments = get_slots(in.getArguments());
  machine.limits = {in.getMemoryPages(), in.getTableElements(), in.getFrames(), in.getSlots()};
  machine.interval = in.getInterval();
  if (machine.interval == 0) return malformed("no steps between checkpoints");
  for (const auto setting : in.getSettings()) {
    ISOTRACE_TRY(std::string name, get_text(setting.getName()));
    const auto value = setting.getValue();
    machine.settings.push_back(
        {std::move(name), std::string(core::as_text({value.begin(), value.size()}))});
  }
  return machine;
}

void set_state(wire::State::Builder out, const StateRecord& state) {
  out.setSteps(state.steps);
  out.setStatus(state.status);
  out.setTrap(state.trap);
  set_contents(out.initFrames(), state.frames);
  set_contents(out.initSlots(), state.slots);
  set_contents(out.initGlobals(), state.globals);
  set_list(out.initTables(count_of(state.tables.size())), state.tables);
  set_list(out.initMemories(count_of(state.memories.size())), state.memories);
  set_contents(out.initSegments(), state.segments);
  set_contents(out.initHostCalls(), state.host_calls);
}

Result<StateRecord> get_state(wire::State::Reader in) {
  StateRecord state;
  state.steps = in.getSteps();
  state.status = in.getStatus();
  state.trap = in.getTrap();
  ISOTRACE_TRY(state.frames, get_contents(in.getFrames()));
  ISOTRACE_TRY(state.slots, get_contents(in.getSlots()));
  ISOTRACE_TRY(state.globals, get_contents(in.getGlobals()));
  ISOTRACE_TRY(state.tables, get_list(in.getTables()));
  ISOTRACE_TRY(state.memories, get_list(in.getMemories()));
  ISOTRACE_TRY(state.segments, get_contents(in.getSegments()));
  ISOTRACE_TRY(state.host_calls, get_contents(in.getHostCalls()));
  return state;
}

void set_checkpoint(wire::Checkpoint::Builder out, const CheckpointRecord& checkpoint) {
  set_state(out.initState(), checkpoint.state);
  out.setCall(checkpoint.call);
}

Result<CheckpointRecord> get_checkpoint(wire::Checkpoint::Reader in) {
  CheckpointRecord checkpoint;
  ISOTRACE_TRY(checkpoint.state, get_state(in.getState()));
  checkpoint.call = in.getCall();
  return checkpoint;
}

void set_host_call(wire::HostCall::Builder out, const HostCallRecord& call) {
  out.setFunction(call.function);
  set_slots(out.initArguments(count_of(call.arguments.size())), call.arguments);
  set_slots(out.initResults(count_of(call.results.size())), call.results);
  out.setTrap(call.trap);
  auto writes = out.initWrites(count_of(call.writes.size()));
  for (unsigned i = 0; i < writes.size(); ++i) {
    writes[i].setAddress(call.writes[i].address);
    writes[i].setBytes(data_of(call.writes[i].bytes));
  }
}

Result<HostCallRecord> get_host_call(wire::HostCall::Reader in) {
  HostCallRecord call;
  call.function = in.getFunction();
  call.arguments = get_slots(in.getArguments());
  call.results = get_slots(in.getResults());
  call.trap = in.getTrap();
  for (const auto write : in.getWrites()) {
    call.writes.push_back({write.getAddress(), get_bytes(write.getBytes())});
  }
  return call;
}

}  // namespace isotrace::trace
