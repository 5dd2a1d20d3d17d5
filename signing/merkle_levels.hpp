// A Merkle tree (RFC 6962) with all its full subtrees at hand: proofs in logarithmic time.
#pragma once

#include <span>
#include <vector>

#include <isotrace/core/digest.hpp>

namespace isotrace::signing {

class MerkleLevels {
 public:
  MerkleLevels() : levels_(1) {}
  explicit MerkleLevels(std::span<const core::Digest> leaves);

  void append(const core::Digest& leaf);
  [[nodiscard]] std::uint64_t size() const { return levels_[0].size(); }
  [[nodiscard]] core::Digest root() const { return range_root(0, size()); }
  /// Root of the tree of the first `size` leaves.
  [[nodiscard]] core::Digest root_at(std::uint64_t size) const { return range_root(0, size); }
  /// As core::merkle_inclusion_proof of all leaves. index < size().
  [[nodiscard]] std::vector<core::Digest> inclusion_proof(std::uint64_t index) const;
  /// RFC 6962 2.1.2, of all leaves. 0 < old_size <= size().
  [[nodiscard]] std::vector<core::Digest> consistency_proof(std::uint64_t old_size) const;

  /// Roots of the full subtrees of 2^height leaves, from the left.
  [[nodiscard]] std::span<const core::Digest> level(std::size_t height) const;

 private:
  /// Root over the leaves [begin, begin + count); begin is a multiple of the subtrees inside.
  [[nodiscard]] core::Digest range_root(std::uint64_t begin, std::uint64_t count) const;

  std::vector<std::vector<core::Digest>> levels_;
};

}  // namespace isotrace::signing
