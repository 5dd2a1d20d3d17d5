// Elementary functions of binary32, correctly rounded: the exact value rounded once to nearest
// even. NaN gives the canonical NaN. No host library function is called; only + - * / sqrt and fma
// in binary64. They need round to nearest even (core::FloatEnvironment). Each tries a fast sequence
// (approximations.hpp) and asks the slow one (trusted.hpp) where the rounding is in doubt.
#pragma once

namespace isotrace::reference {

float exp(float x);
float exp2(float x);
/// e^x - 1, accurate near 0; expm1(-0) = -0.
float expm1(float x);
/// log(+-0) = -inf, NaN below 0.
float log(float x);
float log2(float x);
/// ln(1 + x), accurate near 0; log1p(-0) = -0, log1p(-1) = -inf, NaN below -1.
float log1p(float x);
/// NaN of infinities; also of the other two.
float sin(float x);
float cos(float x);
float tan(float x);
/// NaN outside [-1, 1]; also acos.
float asin(float x);
float acos(float x);
float atan(float x);
float sinh(float x);
float cosh(float x);
float tanh(float x);
float asinh(float x);
/// NaN below 1.
float acosh(float x);
/// +-inf at +-1, NaN beyond.
float atanh(float x);
float erf(float x);
/// 1 / sqrt(x) with one rounding; +-inf at +-0, NaN below 0.
float rsqrt(float x);
/// x^y for any binary64 y, special cases as in IEEE 754-2019: 1 for y = 0 or x = 1 even if the
/// other is NaN; NaN for a finite x below 0 unless y is an integer or infinite.
float pow(float x, double y);

}  // namespace isotrace::reference
