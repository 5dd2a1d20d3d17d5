#include <isotrace/trace/bisect.hpp>

#include <algorithm>
#include <bit>
#include <optional>

#include <isotrace/core/check.hpp>
#include <isotrace/core/merkle.hpp>

namespace isotrace::trace {

SubtreeRoots::SubtreeRoots(const std::vector<core::Digest>& leaves) : SubtreeRoots() {
  for (const core::Digest& leaf : leaves) append(leaf);
}

void SubtreeRoots::append(const core::Digest& leaf) {
  levels_.front().push_back(leaf);
  // Every second node completes a pair, and its parent's subtree with it.
  for (std::size_t level = 0; levels_[level].size() % 2 == 0; ++level) {
    if (level + 1 == levels_.size()) levels_.emplace_back();
    const auto& pair = levels_[level];
    levels_[level + 1].push_back(core::merkle_node(pair[pair.size() - 2], pair.back()));
  }
}

const core::Digest* SubtreeRoots::find(unsigned level, std::uint64_t index) const {
  if (level >= levels_.size() || index >= levels_[level].size()) return nullptr;
  return &levels_[level][index];
}

core::Digest SubtreeRoots::root() const {
  std::optional<core::Digest> root;
  // What has no sibling yet, from the smallest subtree on the right to the largest on the left.
  for (const auto& level : levels_) {
    if (level.size() % 2 == 0) continue;
    root = root ? core::merkle_node(level.back(), *root) : level.back();
  }
  ISOTRACE_CHECK(root.has_value());
  return *root;
}

Bisection find_first_difference(const SubtreeRoots& a, const SubtreeRoots& b, std::uint64_t from) {
  Bisection result{.leaf = from};
  unsigned most = std::min(a.levels(), b.levels()) - 1;
  // Everything from `from` to result.leaf is equal. At first subtrees grow as far as the alignment
  // of the leaf admits; once one differs, or is not full in both, the difference (or the end) is
  // inside it, and each smaller level is asked about at most once.
  for (bool inside = false;;) {
    const auto aligned = static_cast<unsigned>(std::countr_zero(result.leaf));
    const unsigned level = std::min(most, aligned);
    const auto* left = a.find(level, result.leaf >> level);
    const auto* right = b.find(level, result.leaf >> level);
    const bool both = left != nullptr && right != nullptr;
    if (both) ++result.comparisons;
    const bool equal = both && *left == *right;
    if (equal) result.leaf += std::uint64_t{1} << level;
    inside = inside || !equal;
    if (!inside) continue;
    if (level == 0) return result;
    most = level - 1;
  }
}

}  // namespace isotrace::trace
