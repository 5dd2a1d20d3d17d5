// How far a binary32 result can lie from the exact value of the same expression. Trusted base.
// Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1 (any order
// of evaluation, with or without fma), with a term for gradual underflow added.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>

#include "network.hpp"

namespace isotrace::proofs {

/// Magnitudes from here on are not reasoned about: below it nothing overflows binary32.
inline constexpr double magnitude_max = 0x1p127;

/// Integers up to this magnitude are binary32 numbers.
inline constexpr double whole_max = 0x1p24;

/// |computed - exact| <= gamma * S + absolute, where S is the sum of the magnitudes of all terms.
struct RoundingModel {
  double gamma = 0;
  double absolute = 0;
};

/// For results with at most `roundings` roundings between a term and the result; all zero where the
/// level is `real` or nothing rounds. To be called while rounding downward.
RoundingModel rounding_model(Level level, std::size_t roundings);

/// The largest number of roundings that the model covers.
inline constexpr std::size_t roundings_max = std::size_t{1} << 20;

/// The binary32 number to which a value below 2^127 is rounded (to nearest, ties to even). To be
/// called while rounding downward.
double nearest_single(double value);

/// An upper bound of the error, from a lower bound of -S.
inline double error_bound(const RoundingModel& model, double negated_size) {
  // Both operations round towards minus infinity, so the negated result errs on the large side.
  return -(model.gamma * negated_size - model.absolute);
}

}  // namespace isotrace::proofs
