#include <isotrace/reference/math/round.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::reference {

float round_certainly(DoubleDouble value) {
  const double error = value.hi * relative_error_max;
  const float below = round_pair({value.hi, value.lo - error});
  const float above = round_pair({value.hi, value.lo + error});
  ISOTRACE_CHECK(below == above, value.hi, value.lo);
  return below;
}

}  // namespace isotrace::reference
