// Leaves by linear programming: the least s for which some point of the relaxation of one box
// exceeds every row of the case by at most s. Where it is above zero, no point satisfies all rows,
// and the dual numbers say why: they are Farkas coefficients of the rows, of the two lines below
// each open ReLU (hence its slope), and of the signs. Found in binary64, so they are hints like all
// others; what they prove is bounded again here and by the checker, with the errors of floats.
#pragma once

#include <optional>

#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

struct FarkasHints {
  std::vector<double> weights;       ///< one per row
  Slopes slopes;                     ///< of all layers; of open ReLUs k/255
  std::vector<double> sign_weights;  ///< one per sign split
};

/// Activations over the box of which neither line is exact.
std::size_t count_open(const Network& network, const Bounds& bounds);

/// `slopes` are where neurons that take no part stay. Where no point of the relaxation has these
/// signs, the hints say why, and weights of rows may all be zero. Nothing if the program is too
/// large, or takes too many steps.
std::optional<FarkasHints> solve_leaf(const Network& network, const Problem& problem,
                                      const Bounds& bounds, const Box& box,
                                      const std::vector<SignSplit>& signs, const Slopes& slopes);

}  // namespace isotrace::proofs::search
