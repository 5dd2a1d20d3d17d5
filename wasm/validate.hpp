// Validation (specification, "Validation"): a module that passes cannot go wrong but by a trap.
#pragma once

#include <isotrace/core/result.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::wasm {

/// Refuses wasm_invalid with the offset of the instruction or entry at fault. Sets
/// Function::operands_max.
core::Result<core::Done> validate_module(Module& module);

/// decode_module, then validate_module.
core::Result<Module> load_module(core::Bytes bytes, Edition edition);

}  // namespace isotrace::wasm
