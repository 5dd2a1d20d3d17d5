// The store (specification, "Runtime Structure"): everything that instances hold, in lists by
// address. All of it is plain data, so that a state can be hashed, saved and compared.
#pragma once

#include <map>
#include <memory>

#include <isotrace/wasm/host.hpp>
#include <isotrace/wasm/linear_memory.hpp>
#include <isotrace/wasm/module.hpp>
#include <isotrace/wasm/witness/program.hpp>

namespace isotrace::wasm {

struct FunctionInstance {
  std::uint32_t type_id = 0;  ///< equal for equal types (Store::type_id)
  HostFunction host;          ///< empty: code of a module
  Address instance = 0;       ///< the module's
  std::uint32_t index = 0;    ///< in the module's index space
};

struct TableInstance {
  TableType type;
  std::vector<Slot> elements;
};

struct MemoryInstance {
  MemoryType type;
  LinearMemory data;
};

struct GlobalInstance {
  GlobalType type;
  Slot value = 0;
};

/// Something that can be imported and exported.
struct ExternValue {
  ExternKind kind = ExternKind::function;
  Address address = 0;
};

struct ModuleInstance {
  std::shared_ptr<const Module> module;
  std::vector<std::uint32_t> type_ids;
  std::vector<Address> functions;
  std::vector<Address> tables;
  std::vector<Address> memories;
  std::vector<Address> globals;
  std::vector<std::vector<Slot>> elements;  ///< references by segment; none once dropped
  std::vector<std::uint32_t> data_sizes;    ///< by segment; 0 once dropped
};

struct Store {
  ProfileLimits limits;
  std::map<FunctionType, std::uint32_t> type_ids;
  std::vector<const FunctionType*> types;  ///< by id; keys of type_ids
  std::vector<FunctionInstance> functions;
  std::vector<TableInstance> tables;
  std::vector<MemoryInstance> memories;
  std::vector<GlobalInstance> globals;
  std::vector<ModuleInstance> instances;
  HostLog host_log;

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::uint32_t type_id(const FunctionType& type);
  [[nodiscard]] const FunctionType& type_of(Address function) const {
    return *types[functions[function].type_id];
  }

  Address add_function(const FunctionType& type, HostFunction host);
  Address add_function(Address instance, std::uint32_t index);
  /// Refuses limit_exceeded.
  core::Result<Address> add_table(const TableType& type);
  core::Result<Address> add_memory(const MemoryType& type);
  Address add_global(GlobalType type, Slot value);
};

/// Refuses wasm_arguments_mismatch unless there is one argument for each parameter.
core::Result<core::Done> check_arguments(const Store& store, Address function,
                                         std::span<const Slot> arguments);

/// The size before, or nothing if a limit forbids the new size; what is new is `value`, or zero.
std::optional<std::uint32_t> grow_table(const Store& store, TableInstance& table,
                                        std::uint32_t more, Slot value);
std::optional<std::uint32_t> grow_memory(const Store& store, MemoryInstance& memory,
                                         std::uint32_t more);

/// What an export of an instance is.
ExternValue extern_value(const Store& store, Address instance, const Export& out);

}  // namespace isotrace::wasm
