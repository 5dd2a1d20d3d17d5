#include <bit>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <isotrace/core/merkle.hpp>

namespace isotrace::core {
namespace {

Digest hash(std::uint8_t prefix, ByteView a, ByteView b) {
  Bytes bytes = {prefix};
  bytes.insert(bytes.end(), a.begin(), a.end());
  bytes.insert(bytes.end(), b.begin(), b.end());
  return sha256(bytes);
}

/// RFC 6962 section 2.1 as it is written.
Digest naive_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  return hash(1, naive_root(leaves.first(k)).view(), naive_root(leaves.subspan(k)).view());
}

std::vector<Digest> leaves_of(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<std::uint8_t, 2> data = {static_cast<std::uint8_t>(i),
                                              static_cast<std::uint8_t>(i >> 8)};
    leaves.push_back(merkle_leaf(data));
  }
  return leaves;
}

TEST(Merkle, leaves_and_nodes_are_domain_separated) {
  const Bytes data = {1, 2, 3};
  EXPECT_EQ(merkle_leaf(data), hash(0, data, {}));
  const Digest a = merkle_leaf({});
  EXPECT_EQ(merkle_node(a, a), hash(1, a.view(), a.view()));
}

TEST(Merkle, root_is_the_recursive_definition) {
  for (std::size_t count = 0; count <= 70; ++count) {
    const auto leaves = leaves_of(count);
    EXPECT_EQ(merkle_root(leaves), naive_root(leaves)) << count;
    MerkleAccumulator tree;
    for (const Digest& leaf : leaves) tree.append(leaf);
    EXPECT_EQ(tree.root(), naive_root(leaves)) << count;
    EXPECT_EQ(tree.size(), count);
  }
}

TEST(Merkle, every_inclusion_proof_verifies_at_its_place_only) {
  for (std::size_t count = 1; count <= 20; ++count) {
    const auto leaves = leaves_of(count);
    const Digest root = merkle_root(leaves);
    for (std::size_t i = 0; i < count; ++i) {
      const auto proof = merkle_inclusion_proof(leaves, i);
      EXPECT_LE(proof.size(), static_cast<std::size_t>(std::bit_width(count - 1)));
      for (std::size_t place = 0; place < count; ++place) {
        EXPECT_EQ(verify_merkle_inclusion(leaves[i], place, count, proof, root), place == i);
      }
    }
  }
}

RC_GTEST_PROP(Merkle, damaged_inclusion_proofs_are_rejected, ()) {
  const auto leaves = leaves_of(*rc::gen::inRange<std::size_t>(2, 300));
  const auto i = *rc::gen::inRange<std::size_t>(0, leaves.size());
  const Digest root = merkle_root(leaves);
  const auto proof = merkle_inclusion_proof(leaves, i);
  RC_ASSERT(verify_merkle_inclusion(leaves[i], i, leaves.size(), proof, root));
  auto damaged = proof;
  damaged[*rc::gen::inRange<std::size_t>(0, proof.size())].bytes[9] ^= 4;
  RC_ASSERT(!verify_merkle_inclusion(leaves[i], i, leaves.size(), damaged, root));
  auto longer = proof;
  longer.push_back(root);
  RC_ASSERT(!verify_merkle_inclusion(leaves[i], i, leaves.size(), longer, root));
  auto shorter = proof;
  shorter.pop_back();
  RC_ASSERT(!verify_merkle_inclusion(leaves[i], i, leaves.size(), shorter, root));
  RC_ASSERT(!verify_merkle_inclusion(leaves[i], leaves.size(), leaves.size(), proof, root));
  RC_ASSERT(!verify_merkle_inclusion(leaves[i], i, 0, proof, root));
}

}  // namespace
}  // namespace isotrace::core
