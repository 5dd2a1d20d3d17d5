// Leaves over the reals in rational numbers: what holds without anything to spare has no bound in
// rounded ones. Trusted base.
#pragma once

#include "output_rows.hpp"

namespace isotrace::proofs {

/// Whether the leaf has more multipliers than one for each row and sign: then each is a sum of
/// several parts.
bool has_exact_multipliers(const Case& unsafe, const std::vector<SignSplit>& signs,
                           const ProofNode& leaf);

/// Why a leaf with such multipliers does not hold; empty if it does. The weighted sum is that of
/// find_leaf_fault(); no ReLU that counts may be open.
std::string find_exact_fault(const Network& network, Level level, const Case& unsafe,
                             const NodeBounds& node, const std::vector<SignSplit>& signs,
                             const ProofNode& leaf);

}  // namespace isotrace::proofs
