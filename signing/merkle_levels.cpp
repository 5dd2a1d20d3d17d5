#include <isotrace/signing/merkle_levels.hpp>

#include <algorithm>
#include <bit>

#include <isotrace/core/check.hpp>
#include <isotrace/core/merkle.hpp>

namespace isotrace::signing {

using core::Digest;

MerkleLevels::MerkleLevels(std::span<const Digest> leaves) : levels_(1) {
  levels_[0].reserve(leaves.size());
  for (const Digest& leaf : leaves) append(leaf);
}

void MerkleLevels::append(const Digest& leaf) {
  levels_[0].push_back(leaf);
  for (std::size_t height = 0; levels_[height].size() % 2 == 0; ++height) {
    if (height + 1 == levels_.size()) levels_.emplace_back();
    const auto& below = levels_[height];
    levels_[height + 1].push_back(core::merkle_node(below[below.size() - 2], below.back()));
  }
}

std::span<const Digest> MerkleLevels::level(std::size_t height) const {
  if (height >= levels_.size()) return {};
  return levels_[height];
}

Digest MerkleLevels::range_root(std::uint64_t begin, std::uint64_t count) const {
  if (count == 0) return core::sha256({});
  if (std::has_single_bit(count)) {
    const auto height = static_cast<std::size_t>(std::countr_zero(count));
    return levels_[height][begin >> height];
  }
  const std::uint64_t left = std::bit_floor(count);
  return core::merkle_node(range_root(begin, left), range_root(begin + left, count - left));
}

std::vector<Digest> MerkleLevels::inclusion_proof(std::uint64_t index) const {
  ISOTRACE_CHECK(index < size(), index, size());
  std::vector<Digest> proof;
  std::uint64_t begin = 0;
  std::uint64_t count = size();
  while (count > 1) {
    const std::uint64_t left = std::bit_floor(count - 1);
    if (index < begin + left) {
      proof.push_back(range_root(begin + left, count - left));
      count = left;
    } else {
      proof.push_back(range_root(begin, left));
      begin += left;
      count -= left;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

std::vector<Digest> MerkleLevels::consistency_proof(std::uint64_t old_size) const {
  ISOTRACE_CHECK(old_size > 0 && old_size <= size(), old_size, size());
  std::vector<Digest> proof;
  std::uint64_t begin = 0;
  std::uint64_t count = size();
  bool known = true;  // the verifier has the root of exactly the old part of this range
  std::uint64_t old = old_size;
  while (old != count) {
    const std::uint64_t left = std::bit_floor(count - 1);
    if (old <= left) {
      proof.push_back(range_root(begin + left, count - left));
      count = left;
    } else {
      proof.push_back(range_root(begin, left));
      begin += left;
      count -= left;
      old -= left;
      known = false;
    }
  }
  if (!known) proof.push_back(range_root(begin, count));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

}  // namespace isotrace::signing
