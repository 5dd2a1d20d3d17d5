// Lean source text of what `isonum-1` executes for a chain (types of
// lean/float/FloatExecution.lean).
#pragma once

#include <optional>
#include <string>

#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

/// The chain with operations on one operand as sums of one product, which give the same floats (but
/// for the sign of a zero): x * c, and x or -x, perhaps plus c, whose product with 1 or -1 is
/// exact. Such layers may round once more than before.
AffineChain with_products_alone(AffineChain chain);
/// Why Lean's library cannot state the execution of the chain, or nothing if it can: what
/// no_float_program says, operations other than sums of products over neighbouring operands, and
/// weights that are no binary32 values.
std::optional<std::string> no_lean_float_program(const AffineChain& chain);
/// A term of type `List Step`, for the same chain as a network.
std::string lean_float_steps(const AffineChain& chain);

}  // namespace isotrace::proofs
