#include <isotrace/wasm/record/snapshot_store.hpp>

#include <algorithm>
#include <cstring>

#include <isotrace/wasm/record/check_execution.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using trace::MemoryChange;

static_assert(MemoryChange::chunk_bytes == std::size_t{1} << LinearMemory::chunk_shift);

tl::unexpected<core::Refusal> malformed(std::string detail) {
  return core::refuse(RefusalCode::trace_malformed, "snapshot", std::move(detail));
}

core::Bytes bytes_of(std::span<const Slot> slots) {
  core::ByteWriter out;
  for (const Slot slot : slots) out.u64(slot);
  return out.take();
}

std::vector<Slot> slots_of(core::ByteView bytes) {
  std::vector<Slot> slots(bytes.size() / sizeof(Slot));
  if (!slots.empty()) std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(Slot));
  return slots;
}

std::vector<Frame> frames_of(core::ByteView bytes) {
  std::vector<Frame> frames;
  core::ByteReader in(bytes);
  for (std::size_t i = 0; i < bytes.size() / 16; ++i) {
    const std::uint32_t function = *in.u32();
    const std::uint32_t pc = *in.u32();
    // No list of slots is longer; a larger number fits no frame.
    const auto begin = static_cast<std::uint32_t>(std::min<std::uint64_t>(*in.u64(), UINT32_MAX));
    frames.push_back({function, pc, begin});
  }
  return frames;
}

/// Puts the parts of a state into the store that instantiation has made.
class StoreFiller {
 public:
  StoreFiller(Store& store, const trace::MachineTrace& trace, std::size_t index)
      : store_(store),
        trace_(trace),
        index_(index),
        snapshot_(trace.snapshots[index]),
        state_(trace.checkpoints[snapshot_.checkpoint].state) {}

  Result<Done> run() {
    if (snapshot_.globals.size() != 8 * store_.globals.size() ||
        snapshot_.tables.size() != store_.tables.size() ||
        snapshot_.memories.size() != store_.memories.size()) {
      return malformed("another number of globals, tables or memories");
    }
    ISOTRACE_TRY_DONE(fill_globals());
    for (std::size_t i = 0; i < store_.tables.size(); ++i) {
      ISOTRACE_TRY_DONE(fill_table(i));
    }
    for (std::size_t i = 0; i < store_.memories.size(); ++i) {
      ISOTRACE_TRY_DONE(fill_memory(i));
    }
    return fill_segments();
  }

 private:
  Result<Done> fill_globals() {
    const std::vector<Slot> values = slots_of(snapshot_.globals);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!holds_value(store_, values[i], store_.globals[i].type.value)) {
        return malformed("global " + std::to_string(i));
      }
      store_.globals[i].value = values[i];
    }
    return Done{};
  }

  Result<Done> fill_table(std::size_t i) {
    TableInstance& table = store_.tables[i];
    std::vector<Slot> elements = slots_of(snapshot_.tables[i]);
    const bool grown = elements.size() >= table.elements.size() &&
                       elements.size() <= store_.limits.table_elements_max &&
                       elements.size() <= table.type.limits.most.value_or(UINT32_MAX);
    const bool values = std::ranges::all_of(
        elements, [&](Slot slot) { return holds_value(store_, slot, table.type.element); });
    if (!grown || !values) return malformed("table " + std::to_string(i));
    table.elements = std::move(elements);
    return Done{};
  }

  Result<Done> fill_memory(std::size_t i) {
    MemoryInstance& memory = store_.memories[i];
    const std::uint64_t pages = state_.memories[i].size;
    if (pages < memory.data.pages() || pages > store_.limits.memory_pages_max ||
        pages > memory.type.limits.most.value_or(UINT32_MAX)) {
      return malformed("memory " + std::to_string(i) + " of " + std::to_string(pages) + " pages");
    }
    memory.data.grow_to(static_cast<std::uint32_t>(pages));
    // The latest first: programs write the same chunks again and again.
    std::vector<bool> filled(memory.data.size() >> LinearMemory::chunk_shift);
    for (std::size_t s = index_ + 1; s-- > 0;) {
      if (i >= trace_.snapshots[s].memories.size()) return malformed("memories");
      ISOTRACE_TRY_DONE(apply(trace_.snapshots[s].memories[i], memory.data, filled));
    }
    return Done{};
  }

  static Result<Done> apply(const MemoryChange& change, LinearMemory& memory,
                            std::vector<bool>& filled) {
    for (std::size_t c = 0; c < change.chunks.size(); ++c) {
      const std::uint64_t address = std::uint64_t{change.chunks[c]} * MemoryChange::chunk_bytes;
      if (address >= memory.size()) return malformed("a memory that shrinks");
      if (filled[change.chunks[c]]) continue;
      filled[change.chunks[c]] = true;
      memory.mark(address, MemoryChange::chunk_bytes);
      std::memcpy(&memory.bytes()[address], &change.bytes[c * MemoryChange::chunk_bytes],
                  MemoryChange::chunk_bytes);
    }
    return Done{};
  }

  /// A segment is as it was or dropped.
  Result<Done> fill_segments() {
    core::ByteReader in(snapshot_.segments);
    for (ModuleInstance& instance : store_.instances) {
      for (auto& list : instance.elements) {
        const auto left = in.u32();
        if (!left || (*left != 0 && *left != list.size())) return malformed("element segments");
        if (*left == 0) list.clear();
      }
      for (std::uint32_t& size : instance.data_sizes) {
        const auto left = in.u32();
        if (!left || (*left != 0 && *left != size)) return malformed("data segments");
        if (*left == 0) size = 0;
      }
    }
    if (!in.end()) return malformed("more segments");
    return Done{};
  }

  Store& store_;
  const trace::MachineTrace& trace_;
  std::size_t index_;
  const trace::Snapshot& snapshot_;
  const trace::StateRecord& state_;
};

}  // namespace

void ChunkChanges::add(const std::vector<std::vector<std::uint32_t>>& changed) {
  if (written_.size() < changed.size()) written_.resize(changed.size());
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (changed[i].empty()) continue;
    if (written_[i].size() <= changed[i].back()) written_[i].resize(changed[i].back() + 1);
    for (const std::uint32_t chunk : changed[i]) written_[i][chunk] = true;
  }
}

std::vector<std::uint32_t> ChunkChanges::of(std::size_t memory) const {
  std::vector<std::uint32_t> chunks;
  if (memory >= written_.size()) return chunks;
  for (std::size_t i = 0; i < written_[memory].size(); ++i) {
    if (written_[memory][i]) chunks.push_back(static_cast<std::uint32_t>(i));
  }
  return chunks;
}

trace::Snapshot take_snapshot(const Store& store, const Execution& execution,
                              const ChunkChanges& changes) {
  trace::Snapshot snapshot;
  snapshot.frames = frame_bytes(execution.frames);
  snapshot.slots = bytes_of(execution.slots);
  snapshot.globals = global_bytes(store);
  for (const TableInstance& table : store.tables) {
    snapshot.tables.push_back(bytes_of(table.elements));
  }
  snapshot.segments = segment_bytes(store);
  for (std::size_t i = 0; i < store.memories.size(); ++i) {
    MemoryChange change{changes.of(i), {}};
    change.bytes.reserve(change.chunks.size() * MemoryChange::chunk_bytes);
    for (const std::uint32_t chunk : change.chunks) {
      const auto bytes = store.memories[i].data.bytes().subspan(
          std::size_t{chunk} * MemoryChange::chunk_bytes, MemoryChange::chunk_bytes);
      change.bytes.insert(change.bytes.end(), bytes.begin(), bytes.end());
    }
    snapshot.memories.push_back(std::move(change));
  }
  return snapshot;
}

std::uint64_t written_bytes(const trace::Snapshot& snapshot) {
  constexpr std::uint64_t number =
      sizeof(std::uint64_t);  // a size or count, in front of what it is
  std::uint64_t bytes = number + snapshot.frames.size() + number + snapshot.slots.size() + number +
                        snapshot.globals.size() + number;
  for (const core::Bytes& table : snapshot.tables) bytes += number + table.size();
  bytes += number + snapshot.segments.size() + number;
  for (const MemoryChange& change : snapshot.memories) {
    bytes += number + change.chunks.size() * sizeof(std::uint32_t) + change.bytes.size();
  }
  return bytes;
}

Result<Done> restore_snapshot(ModuleRun& machine, const trace::Trace& trace, std::size_t index) {
  const trace::Snapshot& snapshot = trace.machine.snapshots[index];
  const trace::CheckpointRecord& checkpoint = trace.machine.checkpoints[snapshot.checkpoint];
  if (checkpoint.call >= machine.calls()) return malformed("of a call that the run does not make");
  Store& store = machine.store();
  ISOTRACE_TRY_DONE(StoreFiller(store, trace.machine, index).run());
  const Execution execution{.status = Status{checkpoint.state.status},
                            .trap = Trap{checkpoint.state.trap},
                            .steps = checkpoint.state.steps,
                            .frames = frames_of(snapshot.frames),
                            .slots = slots_of(snapshot.slots)};
  if (execution.status != Status::running) return malformed("of a state that has ended");
  ISOTRACE_TRY_DONE(check_execution(store, execution));
  if (execution.frames[0].function != machine.function(checkpoint.call)) {
    return malformed("of another call");
  }
  store.host_log.calls = checkpoint.state.host_calls.size;
  store.host_log.digest = checkpoint.state.host_calls.digest;
  machine.restore(execution, checkpoint.call);
  if (machine.record() != checkpoint.state) {
    return core::refuse(RefusalCode::trace_digest_mismatch, "snapshot",
                        "not the state of checkpoint " + std::to_string(snapshot.checkpoint));
  }
  return Done{};
}

std::optional<std::size_t> find_snapshot(const trace::Trace& trace, std::uint64_t steps) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < trace.machine.snapshots.size(); ++i) {
    const std::size_t checkpoint = trace.machine.snapshots[i].checkpoint;
    if (trace.machine.checkpoints[checkpoint].state.steps > steps) break;
    found = i;
  }
  return found;
}

}  // namespace isotrace::wasm
