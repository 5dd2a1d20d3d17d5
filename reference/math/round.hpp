// The one rounding of a correctly rounded binary32 function.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// Bound that every double_double evaluation in this folder keeps with room to spare; each states
/// its own, smaller one.
inline constexpr double relative_error_max = 0x1p-90;

/// The binary32 number nearest to any value within relative_error_max of `value` (finite, not
/// zero). Checks that there is only one: both ends of the error interval must round alike. An
/// argument whose exact result lay nearer to a rounding boundary would abort rather than give a
/// doubtful bit; of 2^32 arguments the nearest is expected around 2^-60, and
/// tests/reference/math_sweep.cpp shows for any range of them that there is none.
float round_certainly(DoubleDouble value);

}  // namespace isotrace::reference
