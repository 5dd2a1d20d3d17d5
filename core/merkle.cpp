#include <isotrace/core/merkle.hpp>

#include <algorithm>
#include <array>
#include <bit>

#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

/// Largest power of two strictly below n (n > 1): where RFC 6962 splits a tree of n leaves.
std::uint64_t split_point(std::uint64_t n) { return std::bit_floor(n - 1); }

void append_inclusion(std::span<const Digest> leaves, std::uint64_t index,
                      std::vector<Digest>& proof) {
  if (leaves.size() == 1) return;
  const std::uint64_t k = split_point(leaves.size());
  if (index < k) {
    append_inclusion(leaves.first(k), index, proof);
    proof.push_back(merkle_root(leaves.subspan(k)));
  } else {
    append_inclusion(leaves.subspan(k), index - k, proof);
    proof.push_back(merkle_root(leaves.first(k)));
  }
}

}  // namespace

Digest merkle_leaf(ByteView bytes) {
  Sha256 hasher;
  hasher.update(std::array<std::uint8_t, 1>{0x00});
  hasher.update(bytes);
  return hasher.finish();
}

Digest merkle_node(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> bytes{0x01};
  std::ranges::copy(left.bytes, bytes.begin() + 1);
  std::ranges::copy(right.bytes, bytes.begin() + 33);
  return sha256(bytes);
}

Digest merkle_root(std::span<const Digest> leaves) {
  MerkleAccumulator tree;
  for (const Digest& leaf : leaves) tree.append(leaf);
  return tree.root();
}

std::vector<Digest> merkle_inclusion_proof(std::span<const Digest> leaves, std::uint64_t index) {
  ISOTRACE_CHECK(index < leaves.size(), index, leaves.size());
  std::vector<Digest> proof;
  append_inclusion(leaves, index, proof);
  return proof;
}

// RFC 9162 2.1.3.2: the proof's length must fit index and size exactly.
bool verify_merkle_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                             std::span<const Digest> proof, const Digest& root) {
  if (index >= size) return false;
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (sn == 0) return false;
    if ((fn & 1) == 1 || fn == sn) {
      hash = merkle_node(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = merkle_node(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && hash == root;
}

void MerkleAccumulator::append(const Digest& leaf) {
  Digest root = leaf;
  // As a binary counter: each full subtree of the same height is merged.
  for (std::uint64_t carry = size_; (carry & 1) == 1; carry >>= 1) {
    root = merkle_node(peaks_.back(), root);
    peaks_.pop_back();
  }
  peaks_.push_back(root);
  ++size_;
}

Digest MerkleAccumulator::root() const {
  if (peaks_.empty()) return sha256({});
  Digest root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) root = merkle_node(peaks_[i], root);
  return root;
}

}  // namespace isotrace::core
