// Sigmoid, Tanh, what Elu, Softplus and Softmax are made of (exp, 1 / x for x >= 1, log(1 +
// exp(x)): all convex), and rounding to integers as the search bounds them. Sigmoid and Tanh are
// the odd function c(x) = 1 / (1 + exp(-x)) - 1/2 (Sigmoid is c(x) + 1/2, Tanh is 2 c(2 x)), which
// is convex below 0 and concave above. Plain binary64 without library functions, so the same
// everywhere; the checker derives its own bounds.
#pragma once

#include <cstdint>

namespace isotrace::proofs::search {

enum class Activation : std::uint8_t { relu, sigmoid, tanh, round, exp, reciprocal, softplus };

inline bool is_convex(Activation activation) { return activation >= Activation::exp; }

/// Ties to even; exact.
double nearest_integer(double x);

double activate(Activation activation, double x);
/// The derivative where the result is `y`; ReLU's at 0 is 0, and that of steps is taken for 1.
double activation_slope(Activation activation, double y);

/// slope * x + shift.
struct Line {
  double slope;
  double shift;
};

/// What a curve does to low <= x <= high: lower <= h <= upper, and lines below and above h. The
/// error of computed results is in all of them unless arithmetic is real.
struct CurvePiece {
  double least, most;
  Line below, above;
};
CurvePiece curve_piece(Activation curve, bool real, double low, double high);

}  // namespace isotrace::proofs::search
