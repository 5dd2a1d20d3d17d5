#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/round.hpp>

namespace isotrace::reference {

// [math.exp]
float exp(float x) {
  if (x != x) return core::canonical(x);
  if (x > 89) return std::numeric_limits<float>::infinity();  // e^89 > 2^128
  if (x < -104) return 0;                                     // e^-104 < 2^-150
  if (x == 0) return 1;
  const ExpParts parts = exp_parts(x);
  return round_certainly(scale(add(parts.fraction, 1.0), parts.exponent));
}

}  // namespace isotrace::reference
