// What splits make of boxes, while searching and where a finished tree is opened again.
#pragma once

#include <isotrace/proofs/search/branching.hpp>
#include <isotrace/proofs/search/search_state.hpp>

namespace isotrace::proofs::search {

/// The halves of a box as the file has them: x <= at and x >= at, or z <= 0 and z >= 0. Numbers of
/// tree nodes are left to the caller.
struct Children {
  OpenBox lower;
  OpenBox upper;
};

/// `bounds` are those of the parent.
Children cut(const Network& network, const OpenBox& parent, std::shared_ptr<const Bounds> bounds,
             const Split& split);
Children cut(const OpenBox& parent, const std::shared_ptr<const Bounds>& bounds,
             const SignSplit& split);

/// A finished tree as a search that has looked at everything but the leaf at `node`, in preorder.
/// `margin` is that of the search.
CaseState reopen_leaf(const Network& network, const Kernels& kernels, const Problem& problem,
                      const CaseProof& proof, std::size_t node, double margin);

}  // namespace isotrace::proofs::search
