// Code as terms of coq/bits/Wasm.v.
#pragma once

#include <string>

#include "wasm_code.hpp"

namespace isotrace::proofs {

/// The value of a `module` (without "Definition").
std::string coq_module(const CodeModule& module);
/// "I32", "I64".
std::string coq_width(unsigned width);

}  // namespace isotrace::proofs
