// That one Merkle tree begins with another, as RFC 6962 and RFC 9162 write it down: what logs of
// the product say is judged by this second implementation.
#pragma once

#include <span>
#include <vector>

#include <isotrace/core/digest.hpp>

namespace isotrace::tests {

/// Proof that the tree of the first `old_size` leaves is a prefix (RFC 6962 2.1.2). 0 < old_size <=
/// n.
std::vector<core::Digest> merkle_consistency_proof(std::span<const core::Digest> leaves,
                                                   std::uint64_t old_size);
bool verify_merkle_consistency(std::uint64_t old_size, std::uint64_t new_size,
                               const core::Digest& old_root, const core::Digest& new_root,
                               std::span<const core::Digest> proof);

}  // namespace isotrace::tests
