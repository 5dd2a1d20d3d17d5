#include "rounding.hpp"

#include <xmmintrin.h>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {
namespace {

// MXCSR: all exceptions masked, rounding control 01 (down), FTZ and DAZ off. binary64 arithmetic
// is SSE arithmetic on x86-64, so no other register matters.
constexpr std::uint32_t round_down_control = 0x1F80U | 0x2000U;

/// Whether sums, products, quotients and subnormals behave as promised. Volatile operands keep the
/// compiler from answering in the processor's place.
bool rounds_downward() {
  const volatile double one = 1;
  const volatile double tiny = 0x1p-60;
  const volatile double three = 3;
  const volatile double subnormal = 0x1p-1074;
  const double below = one - tiny;
  const double third = one / three;
  const double negative_third = -one / three;
  return below < one && one + tiny == one && third * three < one && third < -negative_third &&
         subnormal * one == subnormal && subnormal * tiny == 0 && -subnormal * tiny == -subnormal;
}

}  // namespace

DownwardRounding::DownwardRounding() : saved_(_mm_getcsr()) {
  _mm_setcsr(round_down_control);
  ISOTRACE_CHECK(rounds_downward());
}

DownwardRounding::~DownwardRounding() { _mm_setcsr(saved_); }

}  // namespace isotrace::proofs
