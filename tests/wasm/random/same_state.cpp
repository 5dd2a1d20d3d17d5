#include "tests/wasm/random/same_state.hpp"

#include <algorithm>
#include <cstring>

namespace isotrace::wasm::tests {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << LinearMemory::chunk_shift;

bool same_chunk(const LinearMemory& a, const LinearMemory& b, std::size_t chunk) {
  const std::size_t place = chunk * chunk_bytes;
  return std::memcmp(a.bytes().data() + place, b.bytes().data() + place, chunk_bytes) == 0;
}

bool same_where_marked(LinearMemory& a, LinearMemory& b) {
  if (a.pages() != b.pages()) return false;
  const auto marks = a.marks();
  const auto others = b.marks();
  for (std::size_t chunk = 0; chunk < marks.size(); ++chunk) {
    if ((marks[chunk] | others[chunk]) != 0 && !same_chunk(a, b, chunk)) return false;
  }
  return true;
}

bool same_globals(const Store& a, const Store& b) {
  return std::ranges::equal(a.globals, b.globals, {}, &GlobalInstance::value,
                            &GlobalInstance::value);
}

bool same_tables(const Store& a, const Store& b) {
  return std::ranges::equal(a.tables, b.tables, {}, &TableInstance::elements,
                            &TableInstance::elements);
}

bool same_segments(const Store& a, const Store& b) {
  return std::ranges::equal(
      a.instances, b.instances, [](const ModuleInstance& one, const ModuleInstance& other) {
        return one.elements == other.elements && one.data_sizes == other.data_sizes;
      });
}

}  // namespace

std::string differing_parts(Store& a, const Execution& of_a, Store& b, const Execution& of_b) {
  std::string parts;
  const auto note = [&](bool equal, const char* part) {
    if (!equal) parts += std::string(parts.empty() ? "" : ", ") + part;
  };
  note(of_a.steps == of_b.steps, "steps");
  note(of_a.status == of_b.status, "status");
  note(of_a.trap == of_b.trap, "trap");
  note(of_a.frames == of_b.frames, "frames");
  note(of_a.slots == of_b.slots, "slots");
  note(same_globals(a, b), "globals");
  note(same_tables(a, b), "tables");
  note(same_segments(a, b), "segments");
  note(a.host_log.calls == b.host_log.calls && a.host_log.digest == b.host_log.digest,
       "host calls");
  bool memories = a.memories.size() == b.memories.size();
  for (std::size_t i = 0; memories && i < a.memories.size(); ++i) {
    memories = same_where_marked(a.memories[i].data, b.memories[i].data);
  }
  note(memories, "memories");
  return parts;
}

bool same_memories(const Store& a, const Store& b) {
  return std::ranges::equal(
      a.memories, b.memories, [](const MemoryInstance& one, const MemoryInstance& other) {
        const auto bytes = one.data.bytes();
        const auto others = other.data.bytes();
        if (bytes.size() != others.size()) return false;
        return bytes.empty() || std::memcmp(bytes.data(), others.data(), bytes.size()) == 0;
      });
}

bool writes_are_marked(Store& store) {
  static const LinearMemory untouched = [] {
    LinearMemory memory;
    memory.grow_to(1);
    return memory;
  }();
  for (MemoryInstance& memory : store.memories) {
    const auto marks = memory.data.marks();
    const auto bytes = memory.data.bytes();
    for (std::size_t chunk = 0; chunk < marks.size(); ++chunk) {
      if (marks[chunk] != 0) continue;
      const auto* const begin = bytes.data() + chunk * chunk_bytes;
      if (std::memcmp(begin, untouched.bytes().data(), chunk_bytes) != 0) return false;
    }
  }
  return true;
}

}  // namespace isotrace::wasm::tests
