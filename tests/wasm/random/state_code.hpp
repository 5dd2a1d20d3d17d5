// A function that tells one engine's state to another engine's process.
#pragma once

#include "tests/wasm/module_builder.hpp"
#include "tests/wasm/random/shape.hpp"

namespace isotrace::wasm::tests {

/// Adds and exports "state": () -> i64, a digest of all numbers in globals, of the memory, and of
/// the tables' sizes and nulls.
void add_state_function(ModuleBuilder& builder, const ModuleShape& shape);

}  // namespace isotrace::wasm::tests
