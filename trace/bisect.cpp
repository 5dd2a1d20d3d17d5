#include <isotrace/trace/bisect.hpp>

#include <algorithm>

#include <isotrace/core/merkle.hpp>

namespace isotrace::trace {

SubtreeRoots::SubtreeRoots(std::vector<core::Digest> leaves) {
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const auto& below = levels_.back();
    std::vector<core::Digest> level(below.size() / 2);
    for (std::size_t i = 0; i < level.size(); ++i) {
      level[i] = core::merkle_node(below[2 * i], below[2 * i + 1]);
    }
    levels_.push_back(std::move(level));
  }
}

const core::Digest* SubtreeRoots::find(unsigned level, std::uint64_t index) const {
  if (level >= levels_.size() || index >= levels_[level].size()) return nullptr;
  return &levels_[level][index];
}

Bisection find_first_difference(const SubtreeRoots& a, const SubtreeRoots& b) {
  Bisection result;
  // Everything before result.leaf is equal, and the subtree of twice the size there is not (or is
  // not full in both), so each level is asked about at most once.
  for (unsigned level = std::min(a.levels(), b.levels()); level-- > 0;) {
    const auto* left = a.find(level, result.leaf >> level);
    const auto* right = b.find(level, result.leaf >> level);
    if (left == nullptr || right == nullptr) continue;
    ++result.comparisons;
    if (*left == *right) result.leaf += std::uint64_t{1} << level;
  }
  return result;
}

}  // namespace isotrace::trace
