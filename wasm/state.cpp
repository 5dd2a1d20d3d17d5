#include <isotrace/wasm/state.hpp>

#include <isotrace/core/blake3.hpp>

namespace isotrace::wasm {
namespace {

using trace::Contents;

Contents contents_of(core::ByteView bytes, std::size_t unit) {
  return {bytes.size() / unit, core::blake3(bytes)};
}

/// Little-endian, as the host must be.
Contents contents_of(const std::vector<Slot>& slots) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(slots.data());
  return contents_of({bytes, slots.size() * sizeof(Slot)}, sizeof(Slot));
}

}  // namespace

core::Bytes frame_bytes(std::span<const Frame> frames) {
  core::ByteWriter out;
  for (const Frame& frame : frames) {
    out.u32(frame.function).u32(frame.pc).u64(frame.slots_begin);
  }
  return out.take();
}

core::Bytes global_bytes(const Store& store) {
  core::ByteWriter out;
  for (const GlobalInstance& global : store.globals) out.u64(global.value);
  return out.take();
}

core::Bytes segment_bytes(const Store& store) {
  core::ByteWriter out;
  for (const ModuleInstance& instance : store.instances) {
    for (const auto& list : instance.elements) out.u32(static_cast<std::uint32_t>(list.size()));
    for (const std::uint32_t size : instance.data_sizes) out.u32(size);
  }
  return out.take();
}

StateCopy::StateCopy(const Store& store, const Execution& of)
    : execution(of),
      globals(global_bytes(store)),
      segments(segment_bytes(store)),
      host_calls(store.host_log.calls),
      host_log(store.host_log.digest) {
  for (const TableInstance& table : store.tables) tables.push_back(table.elements);
}

trace::StateRecord record_without_memories(const StateCopy& state, const core::Digest& program) {
  const Execution& execution = state.execution;
  trace::StateRecord record{.program = program,
                            .steps = execution.steps,
                            .status = static_cast<std::uint8_t>(execution.status),
                            .trap = static_cast<std::uint8_t>(execution.trap),
                            .frames = contents_of(frame_bytes(execution.frames), 16),
                            .slots = contents_of(execution.slots),
                            .globals = contents_of(state.globals, sizeof(Slot)),
                            .tables = {},
                            .memories = {},
                            .segments = contents_of(state.segments, 4),
                            .host_calls = {state.host_calls, state.host_log}};
  for (const std::vector<Slot>& table : state.tables) record.tables.push_back(contents_of(table));
  return record;
}

trace::StateRecord state_record(const Store& store, const Execution& execution,
                                const core::Digest& program) {
  trace::StateRecord record = record_without_memories(StateCopy(store, execution), program);
  for (const MemoryInstance& memory : store.memories) {
    record.memories.push_back({memory.data.pages(), core::blake3(memory.data.bytes())});
  }
  return record;
}

trace::StateRecord StateHasher::record(Store& store, const Execution& execution) {
  trace::StateRecord record = record_without_memories(StateCopy(store, execution), program_);
  memories_.resize(store.memories.size());
  changed_.resize(store.memories.size());
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    LinearMemory& memory = store.memories[i].data;
    changed_[i] = memory.take_marks();
    record.memories.push_back({memory.pages(), memories_[i].update(memory.bytes(), changed_[i])});
  }
  return record;
}

}  // namespace isotrace::wasm
