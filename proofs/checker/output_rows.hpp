// The rows of one case in binary64, and the judgement of a leaf. Trusted base.
#pragma once

#include <string>

#include <isotrace/proofs/checker/property.hpp>

#include "node_bounds.hpp"

namespace isotrace::proofs {

/// Rows as intervals: their rational coefficients need not be binary64 numbers.
struct OutputRows {
  struct Coefficient {
    std::size_t output;
    double lower;
    double upper;
  };
  struct Row {
    std::vector<Coefficient> coefficients;
    double bound_upper;  ///< not below the row's bound
    bool strict;
  };
  std::vector<Row> rows;
};

OutputRows output_rows(const Case& unsafe);

/// Why a leaf does not hold; empty if it does. `node` are the bounds for the leaf's box. The rows
/// cannot hold together if their weighted sum, sum of w_r * (c_r . y - b_r), is positive for every
/// y; non-negative is enough if a row of positive weight is strict.
std::string find_leaf_fault(const Network& network, const OutputRows& rows, const NodeBounds& node,
                            const ProofNode& leaf);

}  // namespace isotrace::proofs
