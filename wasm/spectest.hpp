// The host module `spectest` that the specification's test suite imports from.
#pragma once

#include <isotrace/wasm/instantiate.hpp>

namespace isotrace::wasm {

inline constexpr std::string_view spectest_name = "spectest";

/// Functions that do nothing, four constants, a table and a memory.
core::Result<Namespace> make_spectest(Store& store);

}  // namespace isotrace::wasm
