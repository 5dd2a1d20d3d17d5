// The elementary functions by one name for binary32 and binary64, for operations of both.
#pragma once

#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/math/functions.hpp>

namespace isotrace::reference::real {

#define ISOTRACE_REAL(name, wide)                                     \
  inline float name(float x) { return isotrace::reference::name(x); } \
  inline double name(double x) { return wide(x); }
ISOTRACE_REAL(exp, exp64)
ISOTRACE_REAL(expm1, expm1_64)
ISOTRACE_REAL(log, log64)
ISOTRACE_REAL(log1p, log1p_64)
ISOTRACE_REAL(sin, sin64)
ISOTRACE_REAL(cos, cos64)
ISOTRACE_REAL(tan, tan64)
ISOTRACE_REAL(asin, asin64)
ISOTRACE_REAL(acos, acos64)
ISOTRACE_REAL(atan, atan64)
ISOTRACE_REAL(sinh, sinh64)
ISOTRACE_REAL(cosh, cosh64)
ISOTRACE_REAL(tanh, tanh64)
ISOTRACE_REAL(asinh, asinh64)
ISOTRACE_REAL(acosh, acosh64)
ISOTRACE_REAL(atanh, atanh64)
ISOTRACE_REAL(erf, erf64)
#undef ISOTRACE_REAL

/// x^y, y of the type of x.
inline float pow(float x, float y) { return isotrace::reference::pow(x, static_cast<double>(y)); }
inline double pow(double x, double y) { return pow64(x, y); }

}  // namespace isotrace::reference::real
