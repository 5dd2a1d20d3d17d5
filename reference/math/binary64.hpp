// Exponential and logarithm of binary64: the nearest binary64 number to a pair of them
// (double_double.hpp) whose relative error is below 2^-94. So the result is the correctly rounded
// one unless the exact value lies within 2^-40 of a unit in the last place of a half-way point; in
// any case it is what this fixed sequence gives.
#pragma once

namespace isotrace::reference {

/// +inf above the greatest finite value's logarithm, subnormal results rounded once.
double exp64(double x);
/// log64(+-0) = -inf, NaN below 0.
double log64(double x);

}  // namespace isotrace::reference
