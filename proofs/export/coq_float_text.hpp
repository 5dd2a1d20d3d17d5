// Coq source text of what `isonum-1` executes for a chain (types of coq/float/Execution.v).
#pragma once

#include <optional>
#include <string>

#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

/// Why the execution of the chain cannot be stated, or nothing if it can: a constant that is
/// rounded before it is added (Gemm's beta), or no segment length.
std::optional<std::string> no_float_program(const AffineChain& chain);
/// A term of type `float_program`, where `net` is the same chain as a network.
std::string coq_float_program(const AffineChain& chain);

}  // namespace isotrace::proofs
