#include <isotrace/referee/tree.hpp>

#include <bit>

#include <isotrace/core/check.hpp>
#include <isotrace/core/merkle.hpp>

namespace isotrace::referee {
namespace {

/// Root over the leaves [begin, begin + count), a subtree of the whole tree.
core::Digest root_of(const trace::SubtreeRoots& tree, std::uint64_t begin, std::uint64_t count) {
  if (std::has_single_bit(count)) {
    const auto level = static_cast<unsigned>(std::countr_zero(count));
    const core::Digest* full = tree.find(level, begin >> level);
    ISOTRACE_CHECK(full != nullptr, begin, count);
    return *full;
  }
  const std::uint64_t half = std::bit_floor(count);
  return core::merkle_node(root_of(tree, begin, half), root_of(tree, begin + half, count - half));
}

}  // namespace

std::vector<unsigned> peak_levels(std::uint64_t leaves) {
  std::vector<unsigned> levels;
  for (unsigned level = 64; level-- > 0;) {
    if ((leaves >> level & 1) != 0) levels.push_back(level);
  }
  return levels;
}

std::vector<core::Digest> find_peaks(const trace::SubtreeRoots& tree) {
  std::vector<core::Digest> peaks;
  std::uint64_t begin = 0;
  for (const unsigned level : peak_levels(tree.leaves())) {
    peaks.push_back(*tree.find(level, begin >> level));
    begin += std::uint64_t{1} << level;
  }
  return peaks;
}

std::vector<core::Digest> find_path(const trace::SubtreeRoots& tree, std::uint64_t leaf) {
  std::vector<core::Digest> down;
  std::uint64_t begin = 0;
  for (std::uint64_t count = tree.leaves(); count > 1;) {
    const std::uint64_t half = std::bit_floor(count - 1);
    if (leaf - begin < half) {
      down.push_back(root_of(tree, begin + half, count - half));
      count = half;
    } else {
      down.push_back(root_of(tree, begin, half));
      begin += half;
      count -= half;
    }
  }
  return {down.rbegin(), down.rend()};
}

}  // namespace isotrace::referee
