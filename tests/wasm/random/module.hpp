// Random valid modules: every opcode of an edition, every kind of trap, one seed each.
#pragma once

#include <isotrace/core/bytes.hpp>

#include "tests/wasm/random/shape.hpp"

namespace isotrace::wasm::tests {

/// Exports its entries as "run0", "run1", ... Most calls of them end within 10^4 steps, some never.
/// Imports from spectest and from make_random_host(). Standalone modules also export "state", which
/// gives a digest of globals, memory and tables.
core::Bytes random_module(std::uint64_t seed, const RandomOptions& options);

}  // namespace isotrace::wasm::tests
