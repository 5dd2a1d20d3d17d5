// Functions as terms of lean/bits/Wasm.lean. Trust: none, replay compares.
#pragma once

#include <string>

#include "wasm_code.hpp"

namespace isotrace::proofs {

std::string lean_width(unsigned width);
/// A Module, with the first bytes of its memory.
std::string lean_module(const CodeModule& module);

}  // namespace isotrace::proofs
