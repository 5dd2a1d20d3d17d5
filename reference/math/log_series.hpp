// Logarithms as double_doubles: what the logarithms and the inverse hyperbolic functions
// share.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// ln(value) for a positive value with 2^-150 < hi < 2^131; relative error below 2^-96, beside the
/// part that the value's own error makes. The value is not 1.
DoubleDouble log_pair(DoubleDouble value);

/// ln(1 + u) for 0 < u < 2^131, accurate near 0: relative error below 2^-95, beside the part that
/// the error of u makes.
DoubleDouble log1p_pair(DoubleDouble u);

}  // namespace isotrace::reference
