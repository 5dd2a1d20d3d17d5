// The slow path of the elementary functions: special cases, and otherwise about 100 bits by short
// series in pairs of binary64 numbers, rounded once under a check that the error bound decides
// (round.hpp). functions.hpp gives the same values faster.
#pragma once

namespace isotrace::reference::trusted {

float exp(float x);
float exp2(float x);
float expm1(float x);
float log(float x);
float log2(float x);
float log1p(float x);
float sin(float x);
float cos(float x);
float tan(float x);
float asin(float x);
float acos(float x);
float atan(float x);
float sinh(float x);
float cosh(float x);
float tanh(float x);
float asinh(float x);
float acosh(float x);
float atanh(float x);
float erf(float x);
float rsqrt(float x);

}  // namespace isotrace::reference::trusted
