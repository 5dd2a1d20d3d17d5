// Logarithms: [math.log] and the functions log2 and log1p (docs/spec/math.md).
#include <limits>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/log_series.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference::trusted {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr DoubleDouble inverse_ln2 = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};

float nan() { return core::canonical(std::numeric_limits<float>::quiet_NaN()); }

}  // namespace

float log(float x) {
  if (x == 0) return -infinity;
  if (!(x > 0)) return nan();
  if (x == infinity) return infinity;
  if (x == 1) return 0;
  return round_certainly(log_pair({x, 0.0}));
}

// A power of two gives its exponent times ln 2, and then the exponent within 2^-100 of itself: an
// integer is no boundary of the rounding.
float log2(float x) {
  if (x == 0) return -infinity;
  if (!(x > 0)) return nan();
  if (x == infinity) return infinity;
  if (x == 1) return 0;
  return round_certainly(multiply(log_pair({x, 0.0}), inverse_ln2));
}

float log1p(float x) {
  if (x == 0) return x;
  if (x == -1) return -infinity;
  if (!(x > -1)) return nan();
  if (x == infinity) return infinity;
  return round_certainly(log_pair(two_sum(1.0, x)));  // 1 + x exactly
}

}  // namespace isotrace::reference::trusted
