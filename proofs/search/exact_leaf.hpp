// Boxes at level R in which the sign of every ReLU is known: there the network is one linear map,
// and a linear program in rational numbers decides the case. Its Farkas coefficients become the
// leaf, in as many parts as they have bits; where it has a solution, that is a counterexample over
// the reals. Trust: none.
#pragma once

#include <optional>

#include <isotrace/proofs/search/exact_pass.hpp>
#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

/// A ReLU whose sign neither the splits above say nor bounds, by more than `nearness` of what its
/// neuron adds up ([layer][neuron] of `magnitudes`); none: all are known.
std::optional<SignSplit> find_unknown_sign(const Network& network, const Bounds& bounds,
                                           const Slopes& magnitudes,
                                           const std::vector<SignSplit>& signs, double nearness);

struct ExactDecision {
  enum class Kind {
    closed,    ///< no point of the box with these signs satisfies the rows
    violated,  ///< one does
    open,      ///< the program is too large
  };
  Kind kind = Kind::open;
  /// closed: of rows and signs, in parts: the first of each, then the second of each, ...
  std::vector<double> multipliers;
  std::vector<double> point;  ///< violated: the nearest binary64 numbers
};

/// Every sign must be known. Sides of the box that are those of the case count as they stand there.
ExactDecision decide_exactly(const Network& network, const Case& unsafe, const Box& box,
                             const Bounds& bounds, const std::vector<SignSplit>& signs);

}  // namespace isotrace::proofs::search
