// A module with its only exported function replaced by one that takes nothing: for engines whose
// programs cannot pass arguments.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::tools::bench {

/// The validated module with one more function, "run", which calls `function` with the arguments
/// and gives what it gives. Nothing else is exported. The module must have a code section.
core::Bytes call_with(const wasm::Module& module, std::uint32_t function,
                      std::span<const wasm::Slot> arguments);

/// The same, but "run" does nothing: what starting the module takes.
core::Bytes call_nothing(const wasm::Module& module);

}  // namespace isotrace::tools::bench
