// Finds the first leaf at which two sequences of digests part, by descending their Merkle subtrees:
// O(log n) comparisons. Two parties that hold only subtree roots of each other can do the same.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/core/digest.hpp>

namespace isotrace::trace {

/// The roots of all full aligned subtrees over a sequence of leaves: node (level, i) covers leaves
/// [i * 2^level, (i + 1) * 2^level).
class SubtreeRoots {
 public:
  SubtreeRoots() : levels_(1) {}
  explicit SubtreeRoots(const std::vector<core::Digest>& leaves);

  void append(const core::Digest& leaf);
  [[nodiscard]] std::uint64_t leaves() const { return levels_.front().size(); }
  /// Number of levels, at least 1; level 0 are the leaves.
  [[nodiscard]] unsigned levels() const { return static_cast<unsigned>(levels_.size()); }
  /// nullptr if no full subtree stands there.
  [[nodiscard]] const core::Digest* find(unsigned level, std::uint64_t index) const;
  /// The Merkle root over all leaves (core/merkle.hpp), of which there must be one at least.
  [[nodiscard]] core::Digest root() const;

 private:
  std::vector<std::vector<core::Digest>> levels_;
};

struct Bisection {
  std::uint64_t leaf = 0;  ///< first differing leaf; the shorter length if one is a prefix
  std::uint64_t comparisons = 0;
};
/// Leaves before `from` are not looked at.
Bisection find_first_difference(const SubtreeRoots& a, const SubtreeRoots& b,
                                std::uint64_t from = 0);

}  // namespace isotrace::trace
