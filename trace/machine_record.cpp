#include <isotrace/trace/machine_bytes.hpp>

namespace isotrace::trace {
namespace {

using core::ByteWriter;

void write_contents(ByteWriter& out, const Contents& contents) {
  out.u64(contents.size).raw(contents.digest.view());
}

void write_list(ByteWriter& out, const std::vector<Contents>& list) {
  out.u64(list.size());
  for (const Contents& contents : list) write_contents(out, contents);
}

void write_slots(ByteWriter& out, const std::vector<std::uint64_t>& slots) {
  out.u64(slots.size());
  for (const std::uint64_t slot : slots) out.u64(slot);
}

}  // namespace

core::Bytes state_bytes(const StateRecord& state) {
  ByteWriter out;
  out.text("isotrace.wasm.state.v1").raw(state.program.view());
  out.u64(state.steps).u8(state.status).u8(state.trap);
  write_contents(out, state.frames);
  write_contents(out, state.slots);
  write_contents(out, state.globals);
  write_list(out, state.tables);
  write_list(out, state.memories);
  write_contents(out, state.segments);
  write_contents(out, state.host_calls);
  return out.take();
}

core::Digest state_root(const StateRecord& state) { return core::sha256(state_bytes(state)); }

core::Bytes host_call_bytes(const HostCallRecord& call) {
  ByteWriter out;
  out.u32(call.function);
  write_slots(out, call.arguments);
  write_slots(out, call.results);
  out.u8(call.trap).u64(call.writes.size());
  for (const HostWrite& write : call.writes) out.u64(write.address).block(write.bytes);
  return out.take();
}

core::Digest extend_host_log(const core::Digest& log, const HostCallRecord& call) {
  ByteWriter out;
  out.text("isotrace.wasm.host-call.v1").raw(log.view()).raw(host_call_bytes(call));
  return core::sha256(out.bytes());
}

}  // namespace isotrace::trace
