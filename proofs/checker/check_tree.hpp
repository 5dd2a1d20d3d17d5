// Walks one case's split tree. Trusted base. A node's box is always derived from the case's box by
// the splits above it, so the leaves cover the case by construction.
#pragma once

#include <isotrace/core/verdict.hpp>
#include <isotrace/proofs/checker/proof.hpp>

#include "output_rows.hpp"

namespace isotrace::proofs {

/// A root's box and its bounds.
using KnownBounds = std::pair<Bounds, std::optional<NodeBounds>>;

/// To be called while rounding downward. `root` and `slopes` are what the case before has left, for
/// the same bounder, and what this one leaves: cases often share a box. Counts the leaves whose
/// bound was recomputed. Refuses limit_exceeded for trees so deep that the bounds on one path would
/// not fit into memory.
core::Result<core::Verdict> check_tree(const Network& network, const NodeBounder& bounder,
                                       const Case& unsafe, const CaseProof& tree,
                                       std::optional<KnownBounds>& root, NamedSlopes& slopes,
                                       std::uint64_t& leaves);

}  // namespace isotrace::proofs
