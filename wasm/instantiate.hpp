// Linking and instantiation (specification, "Modules" of "Execution"): a validated module and what
// it imports become an instance. No engine is needed; the start function is the caller's to run.
#pragma once

#include <isotrace/wasm/store.hpp>

namespace isotrace::wasm {

/// What modules can import, by the import's two names.
using Namespace = std::map<std::string, ExternValue, std::less<>>;
using Namespaces = std::map<std::string, Namespace, std::less<>>;

/// All exports of an instance.
Namespace exports_of(const Store& store, Address instance);

/// One value for each import. Refuses wasm_unlinkable for what is missing or has another type.
core::Result<std::vector<ExternValue>> resolve_imports(const Store& store, const Module& module,
                                                       const Namespaces& names);

struct Instantiation {
  Address instance = 0;
  Trap trap = Trap::none;        ///< a segment that does not fit; those before it are written
  std::optional<Address> start;  ///< to be called next, if there was no trap
};

/// `imports`: from resolve_imports. Refuses limit_exceeded; 1.0: wasm_unlinkable, with nothing
/// written, if a segment does not fit. Takes no steps.
core::Result<Instantiation> instantiate(Store& store, std::shared_ptr<const Module> module,
                                        std::span<const ExternValue> imports);

}  // namespace isotrace::wasm
