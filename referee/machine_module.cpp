#include <isotrace/referee/machine_module.hpp>

#include <isotrace/wasm/state.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::referee {

using core::Result;
using trace::StateRecord;
using wasm::Frame;

std::vector<Frame> parse_frames(core::ByteView bytes) {
  std::vector<Frame> frames;
  core::ByteReader in(bytes);
  for (std::size_t i = 0; i < bytes.size() / frame_bytes; ++i) {
    const std::uint32_t function = *in.u32();
    const std::uint32_t pc = *in.u32();
    frames.push_back({function, pc, static_cast<std::uint32_t>(*in.u64())});
  }
  return frames;
}

Result<MachineModule> MachineModule::make(const trace::TraceIdentity& identity,
                                          core::ByteView module) {
  MachineModule made;
  made.trace_ = std::make_unique<trace::Trace>();
  made.trace_->identity = identity;
  ISOTRACE_TRY(made.request_, wasm::request_of(*made.trace_, module));
  ISOTRACE_TRY(made.opened_, wasm::open_recorded(*made.trace_, made.request_,
                                                 wasm::make_reference_engine, std::nullopt));
  if (made.find_code(made.opened_.run->function(0)) != nullptr) {
    made.beginning_ = made.opened_.run->record();
  }
  return made;
}

const wasm::Function* MachineModule::find_code(wasm::Address function) const {
  const auto& functions = opened_.run->store().functions;
  if (function >= functions.size() || functions[function].host) return nullptr;
  return &opened_.run->module().functions[functions[function].index];
}

std::optional<StateRecord> MachineModule::begin_second_call(const StateRecord& finished) const {
  wasm::ModuleRun& run = *opened_.run;
  if (find_code(run.function(1)) == nullptr) return std::nullopt;
  wasm::Stepper stepper(run.store());
  if (!stepper.begin(run.function(1), request_.arguments)) return std::nullopt;
  // A beginning changes the stack and nothing else.
  const wasm::StateCopy begun(run.store(), stepper.state());
  const StateRecord stack = wasm::record_without_memories(begun, request_.program);
  StateRecord next = finished;
  next.status = stack.status;
  next.trap = stack.trap;
  next.frames = stack.frames;
  next.slots = stack.slots;
  return next;
}

std::optional<bool> MachineModule::is_in_last_call(const std::vector<Frame>& frames) const {
  const wasm::Address first = opened_.run->function(0);
  const wasm::Address second = opened_.run->function(1);
  if (frames.empty() || first == second) return std::nullopt;
  if (frames.front().function == second) return true;
  if (frames.front().function == first) return false;
  return std::nullopt;
}

std::optional<bool> MachineModule::is_leaf_due(const StateRecord& before,
                                               const std::vector<Frame>& frames_before,
                                               const StateRecord& state,
                                               const std::vector<Frame>& frames) const {
  if (frames.empty()) return std::nullopt;
  const wasm::Function* code = find_code(frames.back().function);
  const core::Bytes& bytes = opened_.run->module().bytes;
  const std::uint32_t pc = frames.back().pc;
  if (code == nullptr || pc >= bytes.size()) return std::nullopt;
  const std::uint64_t number = before.steps / request_.interval + 1;
  const std::uint64_t due =
      number > UINT64_MAX / request_.interval ? UINT64_MAX : number * request_.interval;
  if (state.steps >= due) {
    return pc == code->body.begin || bytes[pc] == static_cast<std::uint8_t>(wasm::Opcode::loop);
  }
  // Sooner there is only the beginning of the second call.
  if (!has_two_calls()) return false;
  const auto was_in_last_call = is_in_last_call(frames_before);
  const auto in_last_call = is_in_last_call(frames);
  if (!was_in_last_call || !in_last_call) return std::nullopt;
  return !*was_in_last_call && *in_last_call && frames.size() == 1 && pc == code->body.begin;
}

std::string MachineModule::host_function(std::uint32_t number) const {
  for (const wasm::Import& import : request_.module->imports) {
    if (import.kind() != wasm::ExternKind::function) continue;
    if (number-- == 0) return import.module + "." + import.name;
  }
  return {};
}

}  // namespace isotrace::referee
