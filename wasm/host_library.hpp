// Where the functions that modules import come from: WASI, wasi_nn. A module that is linked here
// has only functions among its imports, and each gets an address of its own in the order of the
// imports, so that a recording and its replay have the same store.
#pragma once

#include <isotrace/wasm/store.hpp>

namespace isotrace::wasm {

/// A function that a host offers.
struct HostEntry {
  FunctionType type;
  HostFunction function;
};

class HostLibrary {
 public:
  virtual ~HostLibrary() = default;

  /// The function that modules import under the two names; nothing if there is none. The library
  /// must outlive it.
  virtual std::optional<HostEntry> find(std::string_view module, std::string_view name) = 0;
};

/// One host function for each import, from the first library that has it; for instantiate().
/// Refuses wasm_unlinkable: no library has it, it has another type, or it is no function.
core::Result<std::vector<ExternValue>> link_host(Store& store, const Module& module,
                                                 std::span<HostLibrary* const> libraries);

}  // namespace isotrace::wasm
