// What instantiation makes of a module that imports nothing but functions: the bytes of its memory,
// its globals, its tables. The same rules as wasm/instantiate, of which this shares no code. Trust:
// part of the trusted base.
#pragma once

#include <optional>

#include <isotrace/core/result.hpp>
#include <isotrace/proofs/obligation/memory.hpp>
#include <isotrace/wasm/module.hpp>
#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::proofs::obligation {

/// A function of the module, or null.
using TableElement = std::optional<std::uint32_t>;

struct InitialInstance {
  MemoryImage image;
  std::uint32_t pages = 0;
  std::vector<wasm::Slot> globals;                ///< bits; references are 0 and never read
  std::vector<std::vector<TableElement>> tables;  ///< of functions; others are empty
};

/// Refuses function_unsupported: an imported memory, table or global; a segment that does not fit,
/// so that there is no instance. Refuses limit_exceeded: more memory or elements than the profile
/// allows.
core::Result<InitialInstance> make_initial_instance(const wasm::Module& module);

/// The exported function of that name. Refuses wasm_export_unknown.
core::Result<std::uint32_t> find_function(const wasm::Module& module, const std::string& name);

}  // namespace isotrace::proofs::obligation
