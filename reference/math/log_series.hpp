// Logarithms as double_doubles: what log and log1p share.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// ln(value) for a positive value with 2^-150 < hi < 2^129, lo exact; relative error below 2^-96.
/// The value is not 1.
DoubleDouble log_pair(DoubleDouble value);

}  // namespace isotrace::reference
