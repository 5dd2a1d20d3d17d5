// Lines below and above rounding to the nearest integer (ties to even). Trusted base. Results are
// steps: each integer k stands for the values from k - 1/2 to k + 1/2. As the ends of a step are
// given to either side, the parity of ties does not matter to lines; to single values it does.
#pragma once

#include "curve_rule.hpp"

namespace isotrace::proofs {

/// The nearest integer, ties to even: exact in any rounding mode.
double nearest_integer(double value);

/// nearest_integer(x) >= slope * x + shift for low <= x <= high. To be called while rounding
/// downward.
LineBelow line_below_steps(double low, double high);

}  // namespace isotrace::proofs
