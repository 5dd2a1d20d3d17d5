// The one rounding of a correctly rounded binary32 function.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// Bound that every double_double evaluation in this folder keeps with room to spare; each states
/// its own, smaller one.
inline constexpr double relative_error_max = 0x1p-90;

/// Rounds hi + lo to odd in binary64 (truncate, then set the last bit if anything was cut off) and
/// that to nearest even in binary32. Rounding to odd keeps what the second rounding must know: on
/// which side of a boundary the value lies. Rounding to nearest twice would lose it.
ISOTRACE_PAIRS float round_pair(DoubleDouble value) {
  const DoubleDouble normal = quick_two_sum(value.hi, value.lo);
  if (normal.lo == 0) return static_cast<float>(normal.hi);
  auto bits = std::bit_cast<std::uint64_t>(normal.hi);
  const bool opposite = (std::bit_cast<std::uint64_t>(normal.lo) ^ bits) >> 63 != 0;
  if (opposite) --bits;  // one step towards zero
  return static_cast<float>(std::bit_cast<double>(bits | 1));
}

/// The binary32 number nearest to any value within relative_error_max of `value` (finite, not
/// zero). Checks that there is only one: both ends of the error interval must round alike. An
/// argument whose exact result lay nearer to a rounding boundary would abort rather than give a
/// doubtful bit; of 2^32 arguments the nearest is expected around 2^-60, and
/// tests/reference/math_sweep.cpp shows for any range of them that there is none.
float round_certainly(DoubleDouble value);

}  // namespace isotrace::reference
