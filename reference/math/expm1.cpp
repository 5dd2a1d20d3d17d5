#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/round.hpp>

namespace isotrace::reference {

// Used by [activation.elu] and [activation.selu].
float expm1(float x) {
  if (x != x) return core::canonical(x);
  if (x > 89) return std::numeric_limits<float>::infinity();  // e^89 - 1 > 2^128
  if (x < -18) return -1;  // e^-18 < 2^-25, half a unit in the last place below 1
  if (x == 0) return x;
  return round_certainly(expm1_pair(x));
}

}  // namespace isotrace::reference
