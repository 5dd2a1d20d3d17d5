#include <isotrace/wasm/state.hpp>

#include <isotrace/core/blake3.hpp>

namespace isotrace::wasm {
namespace {

using trace::Contents;

/// Little-endian, as the host must be.
template <class T>
Contents contents_of(const std::vector<T>& list) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(list.data());
  return {list.size(), core::blake3(core::ByteView(bytes, list.size() * sizeof(T)))};
}

Contents frames_of(const std::vector<Frame>& frames) {
  core::ByteWriter out;
  for (const Frame& frame : frames) {
    out.u32(frame.function).u32(frame.pc).u64(frame.slots_begin);
  }
  return {frames.size(), core::blake3(out.bytes())};
}

std::vector<std::uint32_t> segments_of(const Store& store) {
  std::vector<std::uint32_t> left;
  for (const ModuleInstance& instance : store.instances) {
    for (const auto& list : instance.elements) {
      left.push_back(static_cast<std::uint32_t>(list.size()));
    }
    left.insert(left.end(), instance.data_sizes.begin(), instance.data_sizes.end());
  }
  return left;
}

}  // namespace

StateCopy::StateCopy(const Store& store, const Execution& of)
    : execution(of),
      segments(segments_of(store)),
      host_calls(store.host_log.calls),
      host_log(store.host_log.digest) {
  for (const GlobalInstance& global : store.globals) globals.push_back(global.value);
  for (const TableInstance& table : store.tables) tables.push_back(table.elements);
}

trace::StateRecord record_without_memories(const StateCopy& state, const core::Digest& program) {
  const Execution& execution = state.execution;
  trace::StateRecord record{.program = program,
                            .steps = execution.steps,
                            .status = static_cast<std::uint8_t>(execution.status),
                            .trap = static_cast<std::uint8_t>(execution.trap),
                            .frames = frames_of(execution.frames),
                            .slots = contents_of(execution.slots),
                            .globals = contents_of(state.globals),
                            .tables = {},
                            .memories = {},
                            .segments = contents_of(state.segments),
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
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    LinearMemory& memory = store.memories[i].data;
    const std::vector<std::uint32_t> changed = memory.take_marks();
    record.memories.push_back({memory.pages(), memories_[i].update(memory.bytes(), changed)});
  }
  return record;
}

}  // namespace isotrace::wasm
