#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/log_series.hpp>
#include <isotrace/reference/math/round.hpp>

namespace isotrace::reference {

// [math.log]
float log(float x) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (x == 0) return -infinity;
  if (!(x > 0)) return core::canonical(std::numeric_limits<float>::quiet_NaN());
  if (x == infinity) return infinity;
  if (x == 1) return 0;
  return round_certainly(log_pair({x, 0.0}));
}

}  // namespace isotrace::reference
