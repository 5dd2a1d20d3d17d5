// The rows of one case in binary64, and the judgement of a leaf. Trusted base.
#pragma once

#include <string>

#include <isotrace/proofs/checker/property.hpp>

#include "node_bounds.hpp"

namespace isotrace::proofs {

/// Rows as intervals: their rational coefficients need not be binary64 numbers.
struct OutputRows {
  struct Row {
    std::vector<FormTerm> terms;  ///< over the inputs and the outputs
    double bound_upper;           ///< not below the row's bound
    bool strict;
  };
  std::vector<Row> rows;
};

/// Whether each row of each case says that some output is not above another one.
bool compares_outputs(const Property& property);

/// Of a network whose Softmax was left out, compares_outputs() must hold.
OutputRows output_rows(const Network& network, const Case& unsafe);

/// What a split of a ReLU's input says about a node below it: sign * z >= 0.
struct SignSplit {
  std::size_t layer;    ///< the ReLU layer
  std::size_t element;  ///< of its input
  double sign;          ///< 1 or -1
};

/// What remains of a box without the inputs at which the linear bound of the weighted sum is
/// positive: there the rows do not hold together. `box` is that of the bounds. Or why not.
std::string clip_box(const Network& network, const OutputRows& rows, const NodeBounds& bounds,
                     const std::vector<SignSplit>& signs, const ProofNode& node, Bounds& box);

/// Why a leaf does not hold; empty if it does. `node` are the bounds for the leaf's box and signs.
/// The rows cannot hold together if their weighted sum, sum of w_r * (c_r . y - b_r), is positive
/// for every y; non-negative is enough if a row of positive weight is strict. Where signs are
/// known, sum of v_s * sign_s * z_s with weights v_s >= 0 may be taken off first.
std::string find_leaf_fault(const Network& network, const OutputRows& rows, const NodeBounds& node,
                            const std::vector<SignSplit>& signs, const ProofNode& leaf);

}  // namespace isotrace::proofs
