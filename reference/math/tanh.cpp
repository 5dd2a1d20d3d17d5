#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/round.hpp>

namespace isotrace::reference {

// [activation.tanh] tanh |x| = e / (e + 2) with e = e^(2|x|) - 1: nothing cancels.
float tanh(float x) {
  if (x != x) return core::canonical(x);
  if (x == 0) return x;
  const double magnitude = std::fabs(static_cast<double>(x));
  if (magnitude > 10) return x < 0 ? -1.0F : 1.0F;  // 2 e^-20 < 2^-25
  const DoubleDouble e = expm1_pair(2 * magnitude);
  const float result = round_certainly(divide(e, add(e, 2.0)));
  return x < 0 ? -result : result;
}

}  // namespace isotrace::reference
