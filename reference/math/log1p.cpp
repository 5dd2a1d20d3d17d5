#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/log_series.hpp>
#include <isotrace/reference/math/round.hpp>

namespace isotrace::reference {

// Used by [activation.softplus].
float log1p(float x) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (x == 0) return x;
  if (x == -1) return -infinity;
  if (!(x > -1)) return core::canonical(std::numeric_limits<float>::quiet_NaN());
  if (x == infinity) return infinity;
  return round_certainly(log_pair(two_sum(1.0, x)));  // 1 + x exactly
}

}  // namespace isotrace::reference
