// Merkle trees of RFC 6962 section 2: leaf = SHA-256(0x00 || leaf bytes), node = SHA-256(0x01 || l
// || r), split at the largest power of two below n. The empty tree has the root SHA-256("").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <isotrace/core/digest.hpp>

namespace isotrace::core {

Digest merkle_leaf(ByteView bytes);
Digest merkle_node(const Digest& left, const Digest& right);

/// Root over leaf digests (already made by merkle_leaf).
Digest merkle_root(std::span<const Digest> leaves);

/// Audit path of leaf `index` (RFC 6962 2.1.1), leaf to root. index < leaves.size().
std::vector<Digest> merkle_inclusion_proof(std::span<const Digest> leaves, std::uint64_t index);
/// Whether `leaf` stands at `index` in the tree of `size` leaves with this root.
bool verify_merkle_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                             std::span<const Digest> proof, const Digest& root);

/// A root that grows leaf by leaf in O(log n) memory.
class MerkleAccumulator {
 public:
  void append(const Digest& leaf);
  [[nodiscard]] Digest root() const;
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::vector<Digest> peaks_;  // roots of full subtrees, largest first
  std::uint64_t size_ = 0;
};

}  // namespace isotrace::core
