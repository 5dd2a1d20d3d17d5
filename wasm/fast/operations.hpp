// The numeric operations as types, so that handlers can be made of them. What they mean is in
// numeric_integer.hpp and numeric_float.hpp.
#pragma once

#include <isotrace/wasm/fast/code.hpp>
#include <isotrace/wasm/numeric/numeric_float.hpp>

namespace isotrace::wasm::fast {

/// canonical(x), by a branch that is hardly ever taken: compilers prefer to select, which every
/// result would have to wait for.
template <class F>
inline F canonical_by_branch(F x) {
  if (!bare && x != x) [[unlikely]] {
    asm("" : "+x"(x));  // nothing, but no part of a select
    return canonical(x);
  }
  return x;
}

#define ISOTRACE_FAST_BINARY(Name, expression) \
  struct Name {                                \
    template <class T>                         \
    static auto apply(T a, T b) {              \
      return expression;                       \
    }                                          \
  }
#define ISOTRACE_FAST_UNARY(Name, expression) \
  struct Name {                               \
    template <class T>                        \
    static auto apply(T a) {                  \
      return expression;                      \
    }                                         \
  }

// Any type.
ISOTRACE_FAST_BINARY(Equal, a == b);
ISOTRACE_FAST_BINARY(NotEqual, a != b);
ISOTRACE_FAST_BINARY(Less, a < b);
ISOTRACE_FAST_BINARY(Greater, a > b);
ISOTRACE_FAST_BINARY(LessEqual, a <= b);
ISOTRACE_FAST_BINARY(GreaterEqual, a >= b);

// Integers.
ISOTRACE_FAST_BINARY(SignedLess, as_signed(a) < as_signed(b));
ISOTRACE_FAST_BINARY(SignedGreater, as_signed(a) > as_signed(b));
ISOTRACE_FAST_BINARY(SignedLessEqual, as_signed(a) <= as_signed(b));
ISOTRACE_FAST_BINARY(SignedGreaterEqual, as_signed(a) >= as_signed(b));
ISOTRACE_FAST_BINARY(Add, a + b);
ISOTRACE_FAST_BINARY(Subtract, a - b);
ISOTRACE_FAST_BINARY(Multiply, a* b);
ISOTRACE_FAST_BINARY(DivideSigned, div_s(a, b));
ISOTRACE_FAST_BINARY(DivideUnsigned, div_u(a, b));
ISOTRACE_FAST_BINARY(RemainderSigned, rem_s(a, b));
ISOTRACE_FAST_BINARY(RemainderUnsigned, rem_u(a, b));
ISOTRACE_FAST_BINARY(And, a& b);
ISOTRACE_FAST_BINARY(Or, a | b);
ISOTRACE_FAST_BINARY(ExclusiveOr, a ^ b);
ISOTRACE_FAST_BINARY(ShiftLeft, shl(a, b));
ISOTRACE_FAST_BINARY(ShiftRightSigned, shr_s(a, b));
ISOTRACE_FAST_BINARY(ShiftRightUnsigned, shr_u(a, b));
ISOTRACE_FAST_BINARY(RotateLeft, rotl(a, b));
ISOTRACE_FAST_BINARY(RotateRight, rotr(a, b));
ISOTRACE_FAST_UNARY(LeadingZeros, static_cast<T>(std::countl_zero(a)));
ISOTRACE_FAST_UNARY(TrailingZeros, static_cast<T>(std::countr_zero(a)));
ISOTRACE_FAST_UNARY(PopulationCount, static_cast<T>(std::popcount(a)));

// Floats.
ISOTRACE_FAST_BINARY(FloatAdd, canonical_by_branch(a + b));
ISOTRACE_FAST_BINARY(FloatSubtract, canonical_by_branch(a - b));
ISOTRACE_FAST_BINARY(FloatMultiply, canonical_by_branch(a* b));
ISOTRACE_FAST_BINARY(FloatDivide, canonical_by_branch(a / b));
ISOTRACE_FAST_BINARY(FloatMin, float_min(a, b));
ISOTRACE_FAST_BINARY(FloatMax, float_max(a, b));
ISOTRACE_FAST_BINARY(FloatCopysign, float_copysign(a, b));
ISOTRACE_FAST_UNARY(FloatAbs, float_abs(a));
ISOTRACE_FAST_UNARY(FloatNeg, float_neg(a));
ISOTRACE_FAST_UNARY(FloatCeil, float_ceil(a));
ISOTRACE_FAST_UNARY(FloatFloor, float_floor(a));
ISOTRACE_FAST_UNARY(FloatTrunc, float_trunc(a));
ISOTRACE_FAST_UNARY(FloatNearest, float_nearest(a));
ISOTRACE_FAST_UNARY(FloatSqrt, float_sqrt(a));

#undef ISOTRACE_FAST_BINARY
#undef ISOTRACE_FAST_UNARY

}  // namespace isotrace::wasm::fast
