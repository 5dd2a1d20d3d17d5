// The operations on whole ranges of tables and memories, for every engine: they check all bounds,
// then do all of it or nothing.
#pragma once

#include <isotrace/wasm/store.hpp>

namespace isotrace::wasm {

Trap fill_table(TableInstance& table, std::uint32_t place, Slot value, std::uint32_t count);
Trap copy_table(TableInstance& to, const TableInstance& from, std::uint32_t target,
                std::uint32_t source, std::uint32_t count);
/// From an element segment of the instance.
Trap init_table(const ModuleInstance& instance, std::uint32_t segment, TableInstance& table,
                std::uint32_t target, std::uint32_t source, std::uint32_t count);

Trap fill_memory(LinearMemory& memory, std::uint64_t target, std::uint8_t value,
                 std::uint64_t count);
Trap copy_memory(LinearMemory& memory, std::uint64_t target, std::uint64_t source,
                 std::uint64_t count);
/// From a data segment of the instance.
Trap init_memory(const ModuleInstance& instance, std::uint32_t segment, LinearMemory& memory,
                 std::uint64_t target, std::uint64_t source, std::uint64_t count);

}  // namespace isotrace::wasm
