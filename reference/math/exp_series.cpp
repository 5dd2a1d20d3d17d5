#include <isotrace/reference/math/exp_series.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::reference {

ExpParts exp_parts(double x) {
  ISOTRACE_CHECK(x >= -150 && x <= 150, x);
  constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
  const double turns = x * inverse_ln2;
  const int n = static_cast<int>(turns + (turns < 0 ? -0.5 : 0.5));
  // Absolute error: 217 * 2^-109 from ln 2, 2 * 150 * u^2 from the product, less from the sum.
  const DoubleDouble r = n == 0 ? DoubleDouble{x, 0.0} : add(multiply(ln2, -n), x);
  return {n, expm1_reduced(r)};
}

DoubleDouble expm1_pair(double x) { return expm1_of(exp_parts(x)); }

}  // namespace isotrace::reference
