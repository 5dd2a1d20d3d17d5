#include <isotrace/wasm/store.hpp>

#include <algorithm>

namespace isotrace::wasm {
namespace {

using core::RefusalCode;

/// The size of that many more, if the thing's own maximum and the profile's allow it.
std::optional<std::uint32_t> size_after(std::uint64_t size, std::uint32_t more,
                                        const Limits& limits, std::uint64_t profile_max) {
  const std::uint64_t most = std::min<std::uint64_t>(limits.most.value_or(UINT32_MAX), profile_max);
  const std::uint64_t wanted = size + more;
  if (wanted > most) return std::nullopt;
  return static_cast<std::uint32_t>(wanted);
}

core::Result<core::Done> check_least(const Limits& limits, std::uint64_t most, const char* what) {
  if (limits.least <= most) return core::Done{};
  return core::refuse(RefusalCode::limit_exceeded, "byte " + std::to_string(limits.offset),
                      std::to_string(limits.least) + what + std::to_string(most));
}

}  // namespace

std::uint32_t Store::type_id(const FunctionType& type) {
  const auto [entry, added] = type_ids.try_emplace(type, static_cast<std::uint32_t>(types.size()));
  if (added) types.push_back(&entry->first);
  return entry->second;
}

Address Store::add_function(const FunctionType& type, HostFunction host) {
  functions.push_back({type_id(type), std::move(host), 0, 0});
  return static_cast<Address>(functions.size() - 1);
}

Address Store::add_function(Address instance, std::uint32_t index) {
  const Function& function = instances[instance].module->functions[index];
  functions.push_back({instances[instance].type_ids[function.type], {}, instance, index});
  return static_cast<Address>(functions.size() - 1);
}

core::Result<Address> Store::add_table(const TableType& type) {
  ISOTRACE_TRY_DONE(
      check_least(type.limits, limits.table_elements_max, " table elements of at most "));
  tables.push_back({type, std::vector<Slot>(type.limits.least, null_reference)});
  return static_cast<Address>(tables.size() - 1);
}

core::Result<Address> Store::add_memory(const MemoryType& type) {
  ISOTRACE_TRY_DONE(check_least(type.limits, limits.memory_pages_max, " memory pages of at most "));
  memories.push_back({type, LinearMemory()});
  memories.back().data.grow_to(type.limits.least);
  return static_cast<Address>(memories.size() - 1);
}

Address Store::add_global(GlobalType type, Slot value) {
  globals.push_back({type, value});
  return static_cast<Address>(globals.size() - 1);
}

core::Result<core::Done> check_arguments(const Store& store, Address function,
                                         std::span<const Slot> arguments) {
  const FunctionType& type = store.type_of(function);
  if (arguments.size() == type.parameters.size()) return core::Done{};
  return core::refuse(RefusalCode::wasm_arguments_mismatch, type_text(type),
                      std::to_string(arguments.size()) + " arguments");
}

std::optional<std::uint32_t> grow_table(const Store& store, TableInstance& table,
                                        std::uint32_t more, Slot value) {
  const std::size_t before = table.elements.size();
  const auto after = size_after(before, more, table.type.limits, store.limits.table_elements_max);
  if (!after) return std::nullopt;
  table.elements.resize(*after, value);
  return static_cast<std::uint32_t>(before);
}

std::optional<std::uint32_t> grow_memory(const Store& store, MemoryInstance& memory,
                                         std::uint32_t more) {
  const std::uint32_t before = memory.data.pages();
  const auto after = size_after(before, more, memory.type.limits, store.limits.memory_pages_max);
  if (!after) return std::nullopt;
  memory.data.grow_to(*after);
  return before;
}

ExternValue extern_value(const Store& store, Address instance, const Export& out) {
  const ModuleInstance& from = store.instances[instance];
  switch (out.kind) {
    case ExternKind::function: return {out.kind, from.functions[out.index]};
    case ExternKind::table: return {out.kind, from.tables[out.index]};
    case ExternKind::memory: return {out.kind, from.memories[out.index]};
    case ExternKind::global: break;
  }
  return {out.kind, from.globals[out.index]};
}

}  // namespace isotrace::wasm
