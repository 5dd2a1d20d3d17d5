// How much of what a box lacks each open ReLU's relaxation costs, through the bounds of ReLUs
// behind it as well: what a sign narrows there is bounded again below the split.
#pragma once

#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

/// What is known about a box that stayed open: the best bound of its combination and what that
/// needs.
struct OpenAttempt {
  const Slopes& slopes;        ///< lower ones
  const Slopes& coefficients;  ///< of the bound, by layer
  const std::vector<SignSplit>& signs;
  double missing;  ///< what the bound lacks
};

/// The ReLU that costs most; none if none counts.
std::optional<SignSplit> costliest_relu(const Network& network, const Bounds& bounds,
                                        const InnerRows& rows, const OpenAttempt& attempt);

}  // namespace isotrace::proofs::search
