// What binary64 functions ask where pairs leave the rounding in doubt: numbers of 512 bits.
#pragma once

namespace isotrace::reference::binary64::exactly {

/// Each rounds once to binary64, subnormal results included. For arguments of which
/// binary64_values.hpp has no special value.
double exp(double x);
double expm1(double x);
double log(double x);
double log1p(double x);
double sin(double x);
double cos(double x);
double tan(double x);
double asin(double x);
double acos(double x);
double atan(double x);
double tanh(double x);
double sinh(double x);
double cosh(double x);
double asinh(double x);
double acosh(double x);
double atanh(double x);
double erf(double x);

}  // namespace isotrace::reference::binary64::exactly
