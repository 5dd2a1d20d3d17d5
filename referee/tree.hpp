// What a party that has all subtree roots of its trace answers of the tree: peaks and audit paths,
// in O(log n) (internal to the referee).
#pragma once

#include <isotrace/trace/bisect.hpp>

namespace isotrace::referee {

/// Roots of the largest full subtrees, from left to right.
std::vector<core::Digest> find_peaks(const trace::SubtreeRoots& tree);
/// RFC 6962 audit path, leaf to root. leaf < tree.leaves().
std::vector<core::Digest> find_path(const trace::SubtreeRoots& tree, std::uint64_t leaf);

/// The level of each full subtree of a tree of so many leaves, from left to right.
std::vector<unsigned> peak_levels(std::uint64_t leaves);

}  // namespace isotrace::referee
