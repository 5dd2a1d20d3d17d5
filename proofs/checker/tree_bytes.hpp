// A split tree as bytes: its nodes in preorder, each number as short as it can stand
// (docs/formats/proof.md). Trusted base.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::proofs {

core::Bytes write_tree(const CaseProof& tree);
/// How many nodes the bytes claim to hold; refuses proof_malformed where that is more than bytes.
core::Result<std::size_t> count_tree_nodes(core::ByteView bytes);
/// Refuses proof_malformed. Numbers that write_tree would write shorter are not noticed.
core::Result<CaseProof> read_tree(core::ByteView bytes);

}  // namespace isotrace::proofs
