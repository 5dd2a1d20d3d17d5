// Tries to close one box: a non-negative combination of the case's rows whose lower bound over the
// box is positive, so that no input satisfies all rows. The combination's weights come from
// Frank-Wolfe on the rows' linear bounds, then weights and lower ReLU slopes from a few gradient
// steps (alpha-CROWN; Xu et al., ICLR 2021).
#pragma once

#include <cmath>
#include <optional>

#include <isotrace/proofs/search/clipping.hpp>
#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

struct LeafAttempt {
  bool proved = false;
  bool by_program = false;  ///< proved by the duals of a linear program
  /// Proved in rational numbers: multipliers of rows and signs in parts, in place of the weights.
  std::vector<double> exact;
  double share = -HUGE_VAL;          ///< of what was added up, that the best bound is above zero
  std::vector<double> weights;       ///< of the best combination found, one per row
  std::vector<std::uint8_t> slopes;  ///< k/255, see ProofNode; empty: the default slopes
  /// Of the first combination with the default slopes: what the box may be clipped by.
  std::optional<HalfSpace> half_space;
  std::vector<double> sign_weights;  ///< of the sign splits above
  std::vector<double> weakest;       ///< input where the relaxation is least, [inputs]
  /// Lower slopes of all ReLU elements in the best combination, where boxes below may start.
  std::vector<std::uint8_t> reached;
};

struct LeafRules {
  double margin = 0;  ///< how far above zero a bound must be, relative to what was added up
  /// Strict rows need no margin: a bound of exactly zero is offered to the checker.
  bool offers_zero = false;
  int gradient_steps = 10;
  /// How near zero a bound counts as open, relative to what its neuron adds up: binary64 errs by
  /// thousands of units of 2^-53 at most, and slopes of all neurons only cost bytes.
  double nearness = 0x1p-30;
  /// Boxes with at most so many open neurons that stay open go to a linear program.
  std::size_t program_neurons = 0;
};

/// The relaxation's own lower slopes, but those given (of all ReLU elements, or none) where ReLUs
/// are unstable.
Slopes slopes_from(const Network& network, const Bounds& bounds, const Relaxation& relaxation,
                   const std::vector<std::uint8_t>& given);

/// `relaxation` must hold the tightened `bounds`. `signs` are the sign splits above; their weights
/// are where to start, as are `slopes` (of all ReLU elements, or none) of the box above.
LeafAttempt attempt_leaf(const Network& network, const Problem& problem, const Bounds& bounds,
                         Relaxation& relaxation, const std::vector<SignSplit>& signs,
                         const std::vector<std::uint8_t>& slopes, const LeafRules& rules);

}  // namespace isotrace::proofs::search
