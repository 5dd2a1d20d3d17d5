#include <isotrace/wasm/bulk.hpp>

#include <algorithm>
#include <cstring>

namespace isotrace::wasm {
namespace {

/// Whether [place, place + count) lies in a list of `size`.
bool within(std::uint64_t place, std::uint64_t count, std::uint64_t size) {
  return place + count <= size;
}

}  // namespace

Trap fill_table(TableInstance& table, std::uint32_t place, Slot value, std::uint32_t count) {
  if (!within(place, count, table.elements.size())) return Trap::out_of_bounds_table_access;
  std::fill_n(table.elements.begin() + place, count, value);
  return Trap::none;
}

Trap copy_table(TableInstance& to, const TableInstance& from, std::uint32_t target,
                std::uint32_t source, std::uint32_t count) {
  if (!within(source, count, from.elements.size()) || !within(target, count, to.elements.size())) {
    return Trap::out_of_bounds_table_access;
  }
  const auto begin = from.elements.begin() + source;
  if (target <=
      source) {  // the order in which an overlap in one table is read before it is written
    std::copy_n(begin, count, to.elements.begin() + target);
  } else {
    std::copy_backward(begin, begin + count, to.elements.begin() + target + count);
  }
  return Trap::none;
}

Trap init_table(const ModuleInstance& instance, std::uint32_t segment, TableInstance& table,
                std::uint32_t target, std::uint32_t source, std::uint32_t count) {
  const std::vector<Slot>& from = instance.elements[segment];
  if (!within(source, count, from.size()) || !within(target, count, table.elements.size())) {
    return Trap::out_of_bounds_table_access;
  }
  std::copy_n(from.begin() + source, count, table.elements.begin() + target);
  return Trap::none;
}

Trap fill_memory(LinearMemory& memory, std::uint64_t target, std::uint8_t value,
                 std::uint64_t count) {
  if (!within(target, count, memory.size())) return Trap::out_of_bounds_memory_access;
  memory.mark(target, count);
  std::ranges::fill(memory.bytes().subspan(target, count), value);
  return Trap::none;
}

Trap copy_memory(LinearMemory& memory, std::uint64_t target, std::uint64_t source,
                 std::uint64_t count) {
  if (!within(source, count, memory.size()) || !within(target, count, memory.size())) {
    return Trap::out_of_bounds_memory_access;
  }
  memory.mark(target, count);
  std::uint8_t* const bytes = memory.bytes().data();
  if (count > 0) std::memmove(bytes + target, bytes + source, count);
  return Trap::none;
}

Trap init_memory(const ModuleInstance& instance, std::uint32_t segment, LinearMemory& memory,
                 std::uint64_t target, std::uint64_t source, std::uint64_t count) {
  if (!within(source, count, instance.data_sizes[segment]) ||
      !within(target, count, memory.size())) {
    return Trap::out_of_bounds_memory_access;
  }
  const Module& module = *instance.module;
  const core::ByteView data =
      core::ByteView(module.bytes).subspan(module.datas[segment].begin + source, count);
  memory.mark(target, count);
  std::ranges::copy(data, memory.bytes().subspan(target).begin());
  return Trap::none;
}

}  // namespace isotrace::wasm
