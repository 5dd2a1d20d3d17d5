// Elementary functions of binary64, correctly rounded: the exact value rounded once to nearest
// even, subnormal results included; NaN gives the canonical NaN. Special values are those of
// functions.hpp. No host library function is called; they need round to nearest even
// (core::FloatEnvironment). Each takes the pair of binary64_values.hpp, and where that leaves the
// rounding in doubt, one argument in about 2^30, binary64_exactly.hpp.
#pragma once

#include <cstdint>

namespace isotrace::reference {

double exp64(double x);
double expm1_64(double x);
double log64(double x);
double log1p_64(double x);
double sin64(double x);
double cos64(double x);
double tan64(double x);
double asin64(double x);
double acos64(double x);
double atan64(double x);
double tanh64(double x);
double sinh64(double x);
double cosh64(double x);
double asinh64(double x);
double acosh64(double x);
double atanh64(double x);
double erf64(double x);
/// x^y for any binary64 y; special cases as in IEEE 754-2019, as of pow.
double pow64(double x, double y);
/// x^n or x^-n, n > 0, taken exactly.
double pow64(double x, bool negative, std::uint64_t n);

}  // namespace isotrace::reference
