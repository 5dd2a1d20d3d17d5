// The one rounding of a correctly rounded binary32 function.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// Bound that every double_double evaluation in this folder keeps with room to spare; each states
/// its own, smaller one.
inline constexpr double relative_error_max = 0x1p-90;

/// The binary32 number nearest to any value within relative_error_max of `value` (finite, not
/// zero). Checks that there is only one: both ends of the error interval must round alike. No
/// binary32 argument of exp, expm1, log, log1p or tanh comes near enough to a rounding boundary to
/// fail this (the closest are at 2^-60 or so); tools and tests that sweep the arguments would see
/// the abort.
float round_certainly(DoubleDouble value);

}  // namespace isotrace::reference
