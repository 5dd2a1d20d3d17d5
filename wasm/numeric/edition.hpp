// Which WebAssembly a module is read as. An edition is part of what a module means: 1.0 refuses
// opcodes and forms that 2.0 knows, and places segments in another order.
#pragma once

#include <cstdint>

namespace isotrace::wasm {

enum class Edition : std::uint8_t {
  mvp,  ///< WebAssembly 1.0
  v2,   ///< and sign extension, saturating conversions, multi-value, bulk memory, reference types:
        ///< WebAssembly 2.0 without SIMD
};

}  // namespace isotrace::wasm
