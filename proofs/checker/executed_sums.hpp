// Bounds of sums that are computed in a known order (level E). Trusted base. A fused multiply-add
// and an addition that round to nearest are monotone in each operand: the same operations on the
// least operands give the least result, exactly, where an error model charges for every order of
// the sum.
#pragma once

#include "bounds.hpp"

namespace isotrace::proofs {

/// Narrows the bounds of a layer's ordered rows (AffineLayer::segment_first): t = fma(w, h, t) from
/// 0 over the products of a segment, the segments added up one after the other, then the bias,
/// rounded to binary32. The values h are binary32 numbers in `input`, and no partial sum overflows.
/// May be called while rounding downward.
void execute_sums(const AffineLayer& layer, const Bounds& input, Bounds& output);

}  // namespace isotrace::proofs
