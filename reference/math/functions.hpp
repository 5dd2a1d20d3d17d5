// Elementary functions of binary32, correctly rounded: the exact value rounded once to nearest
// even. NaN gives the canonical NaN. No host library function is called; only + - * / and fma in
// binary64. They need round to nearest even (core::FloatEnvironment).
#pragma once

namespace isotrace::reference {

float exp(float x);
/// e^x - 1, accurate near 0; expm1(-0) = -0.
float expm1(float x);
/// log(+-0) = -inf, NaN below 0.
float log(float x);
/// ln(1 + x), accurate near 0; log1p(-0) = -0, log1p(-1) = -inf, NaN below -1.
float log1p(float x);
float tanh(float x);

}  // namespace isotrace::reference
