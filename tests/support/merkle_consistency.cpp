#include "tests/support/merkle_consistency.hpp"

#include <bit>

#include <isotrace/core/merkle.hpp>

namespace isotrace::tests {
namespace {

using core::Digest;
using core::merkle_node;
using core::merkle_root;

/// RFC 6962 2.1.2 SUBPROOF; `known` says that the verifier has the root of exactly this old
/// subtree.
void append_consistency(std::span<const Digest> leaves, std::uint64_t old_size, bool known,
                        std::vector<Digest>& proof) {
  if (old_size == leaves.size()) {
    if (!known) proof.push_back(merkle_root(leaves));
    return;
  }
  const std::uint64_t k = std::bit_floor(leaves.size() - 1);
  if (old_size <= k) {
    append_consistency(leaves.first(k), old_size, known, proof);
    proof.push_back(merkle_root(leaves.subspan(k)));
  } else {
    append_consistency(leaves.subspan(k), old_size - k, false, proof);
    proof.push_back(merkle_root(leaves.first(k)));
  }
}

}  // namespace

std::vector<Digest> merkle_consistency_proof(std::span<const Digest> leaves,
                                             std::uint64_t old_size) {
  std::vector<Digest> proof;
  append_consistency(leaves, old_size, true, proof);
  return proof;
}

// RFC 9162 2.1.4.2.
bool verify_merkle_consistency(std::uint64_t old_size, std::uint64_t new_size,
                               const Digest& old_root, const Digest& new_root,
                               std::span<const Digest> proof) {
  if (old_size == 0 || old_size > new_size) return false;
  if (old_size == new_size) return proof.empty() && old_root == new_root;
  std::vector<Digest> path(proof.begin(), proof.end());
  if (std::has_single_bit(old_size)) path.insert(path.begin(), old_root);
  if (path.empty()) return false;
  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = new_size - 1;
  while ((fn & 1) == 1) {
    fn >>= 1;
    sn >>= 1;
  }
  Digest fr = path.front();
  Digest sr = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (sn == 0) return false;
    if ((fn & 1) == 1 || fn == sn) {
      fr = merkle_node(path[i], fr);
      sr = merkle_node(path[i], sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = merkle_node(sr, path[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && fr == old_root && sr == new_root;
}

}  // namespace isotrace::tests
