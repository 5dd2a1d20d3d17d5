// Coq source text of the data that bundles carry (types of coq/core/Network.v and Tree.v).
#pragma once

#include <string>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

/// A term of type `network`.
std::string coq_network(const AffineChain& chain);
/// A term of type `list (Q * Q)`.
std::string coq_box(const std::vector<InputRange>& box);
/// A term of type `list constraint` over `outputs` outputs.
std::string coq_constraints(const std::vector<LinearRow>& rows, std::size_t outputs);
/// A term of type `tree`. Refuses proof_malformed: nodes that are no tree in preorder, splits at
/// inputs or ReLUs that are none, wrong numbers of multipliers, numbers that are negative or not
/// finite.
core::Result<std::string> coq_tree(const CaseProof& proof, const Case& of,
                                   const AffineChain& chain);

}  // namespace isotrace::proofs
