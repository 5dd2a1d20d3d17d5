// Functions as terms of lean/bits/Wasm.lean. Trust: none, replay compares.
#pragma once

#include <string>

#include "wasm_code.hpp"

namespace isotrace::proofs {

std::string lean_width(unsigned width);
/// A Module. check_lean_code must accept it.
std::string lean_module(const CodeModule& module);

}  // namespace isotrace::proofs
