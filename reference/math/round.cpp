#include <isotrace/reference/math/round.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::reference {
namespace {

/// Rounds hi + lo to odd in binary64 (truncate, then set the last bit if anything was cut off) and
/// that to nearest even in binary32. Rounding to odd keeps what the second rounding must know: on
/// which side of a boundary the value lies. Rounding to nearest twice would lose it.
float round_pair(DoubleDouble value) {
  const DoubleDouble normal = quick_two_sum(value.hi, value.lo);
  if (normal.lo == 0) return static_cast<float>(normal.hi);
  auto bits = std::bit_cast<std::uint64_t>(normal.hi);
  if (std::signbit(normal.lo) != std::signbit(normal.hi)) --bits;  // one step towards zero
  return static_cast<float>(std::bit_cast<double>(bits | 1));
}

}  // namespace

float round_certainly(DoubleDouble value) {
  const double error = value.hi * relative_error_max;
  const float below = round_pair({value.hi, value.lo - error});
  const float above = round_pair({value.hi, value.lo + error});
  ISOTRACE_CHECK(below == above, value.hi, value.lo);
  return below;
}

}  // namespace isotrace::reference
