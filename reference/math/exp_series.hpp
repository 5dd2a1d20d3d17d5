// e^x - 1 as a double_double: what the exponentials, the hyperbolic functions
// and erf share.
#pragma once

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// e^x = 2^exponent * (1 + fraction), |fraction| < 0.42.
struct ExpParts {
  int exponent;
  DoubleDouble fraction;
};

/// e^r - 1 for |r| <= 0.35 with relative error below 2^-97.
DoubleDouble expm1_reduced(DoubleDouble r);

/// For |x| <= 150. The relative error of the fraction is below 2^-97 if exponent is 0; its absolute
/// error is below 2^-96 otherwise.
ExpParts exp_parts(double x);

/// e^x - 1 for |x| <= 150 with relative error below 2^-94.
DoubleDouble expm1_pair(double x);

}  // namespace isotrace::reference
