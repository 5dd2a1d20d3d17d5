#include <isotrace/wasm/state.hpp>

#include <isotrace/core/blake3.hpp>

namespace isotrace::wasm {
namespace {

using core::ByteWriter;
using trace::Contents;

Contents contents_of(std::uint64_t size, const ByteWriter& bytes) {
  return {size, core::blake3(bytes.bytes())};
}

Contents slots_of(std::span<const Slot> slots) {
  return {slots.size(),
          core::blake3(core::ByteView(reinterpret_cast<const std::uint8_t*>(slots.data()),
                                      slots.size_bytes()))};
}

Contents frames_of(const std::vector<Frame>& frames) {
  ByteWriter out;
  for (const Frame& frame : frames) {
    out.u32(frame.function).u32(frame.pc).u64(frame.slots_begin);
  }
  return contents_of(frames.size(), out);
}

Contents globals_of(const Store& store) {
  ByteWriter out;
  for (const GlobalInstance& global : store.globals) out.u64(global.value);
  return contents_of(store.globals.size(), out);
}

/// What is left of every segment: references of element segments, bytes of data segments.
Contents segments_of(const Store& store) {
  ByteWriter out;
  for (const ModuleInstance& instance : store.instances) {
    for (const auto& list : instance.elements) out.u32(static_cast<std::uint32_t>(list.size()));
    for (const std::uint32_t size : instance.data_sizes) out.u32(size);
  }
  return contents_of(out.bytes().size() / 4, out);
}

/// Everything but the memories.
trace::StateRecord record_of(const Store& store, const Execution& execution,
                             const core::Digest& program) {
  trace::StateRecord record{.program = program,
                            .steps = execution.steps,
                            .status = static_cast<std::uint8_t>(execution.status),
                            .trap = static_cast<std::uint8_t>(execution.trap),
                            .frames = frames_of(execution.frames),
                            .slots = slots_of(execution.slots),
                            .globals = globals_of(store),
                            .tables = {},
                            .memories = {},
                            .segments = segments_of(store),
                            .host_calls = {store.host_log.calls, store.host_log.digest}};
  for (const TableInstance& table : store.tables) record.tables.push_back(slots_of(table.elements));
  return record;
}

}  // namespace

trace::StateRecord state_record(const Store& store, const Execution& execution,
                                const core::Digest& program) {
  trace::StateRecord record = record_of(store, execution, program);
  for (const MemoryInstance& memory : store.memories) {
    record.memories.push_back({memory.data.pages(), core::blake3(memory.data.bytes())});
  }
  return record;
}

trace::StateRecord StateHasher::record(Store& store, const Execution& execution) {
  trace::StateRecord record = record_of(store, execution, program_);
  memories_.resize(store.memories.size());
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    LinearMemory& memory = store.memories[i].data;
    const std::vector<std::uint32_t> changed = memory.take_marks();
    record.memories.push_back({memory.pages(), memories_[i].update(memory.bytes(), changed)});
  }
  return record;
}

}  // namespace isotrace::wasm
