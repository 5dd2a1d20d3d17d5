#include <isotrace/core/blake3_tree.hpp>

#include <algorithm>
#include <cstring>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

using blake3_detail::best_kernel;
using blake3_detail::Words;

}  // namespace

std::vector<Words>& Blake3Tree::resize_level(std::size_t level, std::size_t size) {
  if (levels_.size() == level) levels_.emplace_back();
  std::vector<Words>& nodes = levels_[level];
  if (nodes.size() == size) return nodes;
  const std::size_t smaller = std::min(nodes.size(), size);
  // A chunk has no children: those that were there are as they were.
  const bool stays = smaller == 0 || (level == 0 && smaller < size);
  const auto edge = static_cast<std::uint32_t>(stays ? smaller : smaller - 1);
  indices_.erase(std::ranges::lower_bound(indices_, edge), indices_.end());
  for (std::uint32_t i = edge; i < size; ++i) indices_.push_back(i);
  nodes.resize(size);
  return nodes;
}

void Blake3Tree::place(std::vector<Words>& nodes) const {
  for (std::size_t i = 0; i < indices_.size(); ++i) nodes[indices_[i]] = hashed_[i];
}

void Blake3Tree::hash_chunks(ByteView bytes) {
  std::vector<Words>& nodes = resize_level(0, bytes.size() / chunk_bytes);
  hashed_.resize(indices_.size());
  best_kernel().hash_chunks_at(bytes.data(), indices_.data(), indices_.size(), hashed_.data());
  place(nodes);
}

void Blake3Tree::hash_parents(std::size_t level) {
  for (std::uint32_t& index : indices_) index /= 2;
  indices_.erase(std::unique(indices_.begin(), indices_.end()), indices_.end());
  const std::size_t size = levels_[level].size();
  std::vector<Words>& nodes = resize_level(level + 1, (size + 1) / 2);
  const std::vector<Words>& children = levels_[level];
  // An odd one rises as it is.
  const bool rises = size % 2 == 1 && !indices_.empty() && indices_.back() == size / 2;
  hashed_.resize(indices_.size());
  best_kernel().hash_parents_at(children.data(), indices_.data(), indices_.size() - rises,
                                hashed_.data());
  if (rises) hashed_.back() = children.back();
  place(nodes);
}

Digest Blake3Tree::update(ByteView bytes, std::span<const std::uint32_t> changed) {
  ISOTRACE_CHECK(bytes.size() % chunk_bytes == 0, bytes.size());
  if (bytes.size() <= chunk_bytes) {  // the only chunk is the root
    levels_.clear();
    return blake3(bytes);
  }
  indices_.assign(changed.begin(), changed.end());
  hash_chunks(bytes);
  std::size_t top = 0;
  for (; levels_[top].size() > 2; ++top) hash_parents(top);
  levels_.resize(top + 1);
  Digest digest;
  const Words root = blake3_detail::hash_parent(levels_[top].data(), true);
  std::memcpy(digest.bytes.data(), root.data(), digest.bytes.size());
  return digest;
}

}  // namespace isotrace::core
