// Clipping: where the linear bound of the weighted rows is positive no input is unsafe, so the box
// around the rest takes its place. The form is the one with the default slopes, which is steeper
// than an optimised one and costs a proof only the weights.
#pragma once

#include <optional>

#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

/// Every unsafe input x of a box has coefficients * x + offset <= 0.
struct HalfSpace {
  std::vector<double> weights;       ///< of the case's rows
  std::vector<double> coefficients;  ///< [padded(inputs)]
  double offset = 0;
};

/// What the bound of rows with these weights says. The offset leaves the checker `margin` of what
/// was added up, so that its box is not the larger one.
HalfSpace half_space_of(const Relaxation::Row& row, double limit, std::vector<double> weights,
                        double margin);

/// The rest of a box; nothing if that is not clearly smaller or holds no input.
std::optional<Box> clip(const Network& network, const Box& box, const HalfSpace& half_space);

/// The same from the weights that a finished tree has, for the box that `relaxation` holds: what
/// was clipped there. Nothing also if these are no weights of its rows.
std::optional<Box> clip_again(const Network& network, const Problem& problem,
                              Relaxation& relaxation, const std::vector<double>& weights,
                              double margin);

}  // namespace isotrace::proofs::search
