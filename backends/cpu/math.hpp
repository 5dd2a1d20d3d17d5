// Correctly rounded functions of whole arrays: y[i] = f(x[i]) with the bits of reference/math. x
// and y may be the same array and must not overlap otherwise. They need round to nearest even
// (core::FloatEnvironment); they never allocate.
#pragma once

#include <cstddef>

#include <isotrace/backends/cpu/isa.hpp>
#include <isotrace/core/op.hpp>

namespace isotrace::backends::cpu {

using ArrayFunction = void (*)(const float* x, float* y, std::size_t count);

/// What there is for each instruction set.
struct MathFunctions {
  ArrayFunction exp, exp2, expm1, log, log2, log1p;
  ArrayFunction sin, cos, tan, asin, acos, atan;
  ArrayFunction sinh, cosh, tanh, asinh, acosh, atanh;
  ArrayFunction erf, rsqrt;
  ArrayFunction sqrt, reciprocal;  // the instructions
  // Fixed binary32 sequences of docs/spec/activation.md; silu is x / (1 + exp(-x)).
  ArrayFunction sigmoid, silu, gelu, gelu_tanh, softplus;
};

/// To be called on processors that have the instruction set (isa.hpp).
const MathFunctions& math_avx2();
const MathFunctions& math_avx512();
const MathFunctions& math_functions(Isa isa);

/// The member for an operation that is such a function of its one operand, or nullptr. For Gelu the
/// one without approximation.
ArrayFunction MathFunctions::*find_math_function(core::Op op);

}  // namespace isotrace::backends::cpu
