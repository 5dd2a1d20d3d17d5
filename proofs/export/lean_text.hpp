// Lean source text of the data that bundles carry (types of lean/Network.lean and Checker.lean).
#pragma once

#include <string>

#include <isotrace/core/rational.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

/// Rows are written from their first operand to their last, zeros included: so many weights at
/// most.
inline constexpr std::size_t lean_weights_max = std::size_t{1} << 22;
/// A term of type `List Layer`. Refuses limit_exceeded (lean_weights_max).
core::Result<std::string> lean_network(const AffineChain& chain);
/// A term of type `List Range`.
std::string lean_box(const std::vector<InputRange>& box);
/// A term of type `List Constraint` over `outputs` outputs.
std::string lean_constraints(const std::vector<LinearRow>& rows, std::size_t outputs);
/// What the checker's bounds are multiples of, inverted: 2^64, or more for boxes of small numbers.
core::Integer lean_grain(const std::vector<InputRange>& box);
/// A term of type `Tree`, for that grain. Refuses proof_malformed as coq_tree, and
/// export_unsupported for nodes of other kinds than leaves and splits of inputs and of signs.
core::Result<std::string> lean_tree(const CaseProof& proof, const Case& of,
                                    const AffineChain& chain, const core::Integer& grain);

}  // namespace isotrace::proofs
