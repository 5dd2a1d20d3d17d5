// MPFR as the oracle of the elementary functions: at the precision and exponent range of binary32
// it rounds correctly, subnormals included.
#pragma once

#include <bit>
#include <cstdint>

#include <mpfr.h>

#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference {

using MpfrFunction = int (*)(mpfr_t, const mpfr_t, mpfr_rnd_t);

struct Function {
  const char* name;
  float (*ours)(float);
  float (*trusted)(float);
  MpfrFunction exact;
};

/// MPFR's own gives +inf for -0; IEEE 754 gives -inf.
inline int reciprocal_root(mpfr_t y, const mpfr_t x, mpfr_rnd_t rounding) {
  return mpfr_zero_p(x) != 0 ? mpfr_ui_div(y, 1, x, rounding) : mpfr_rec_sqrt(y, x, rounding);
}

#define ISOTRACE_FUNCTION(name) \
  { #name, &name, &trusted::name, &mpfr_##name }
inline const Function functions[] = {
    ISOTRACE_FUNCTION(exp),   ISOTRACE_FUNCTION(exp2),
    ISOTRACE_FUNCTION(expm1), ISOTRACE_FUNCTION(log),
    ISOTRACE_FUNCTION(log2),  ISOTRACE_FUNCTION(log1p),
    ISOTRACE_FUNCTION(sin),   ISOTRACE_FUNCTION(cos),
    ISOTRACE_FUNCTION(tan),   ISOTRACE_FUNCTION(asin),
    ISOTRACE_FUNCTION(acos),  ISOTRACE_FUNCTION(atan),
    ISOTRACE_FUNCTION(sinh),  ISOTRACE_FUNCTION(cosh),
    ISOTRACE_FUNCTION(tanh),  ISOTRACE_FUNCTION(asinh),
    ISOTRACE_FUNCTION(acosh), ISOTRACE_FUNCTION(atanh),
    ISOTRACE_FUNCTION(erf),   {"rsqrt", &rsqrt, &trusted::rsqrt, &reciprocal_root}};
#undef ISOTRACE_FUNCTION

/// One correctly rounded evaluation after the other, without allocation.
class Oracle {
 public:
  Oracle() {
    mpfr_set_emin(-148);  // 2^-149 is the least binary32 number; MPFR counts from 0.1 binary
    mpfr_set_emax(128);
    mpfr_init2(x_, 24);
    mpfr_init2(y_, 24);
  }
  ~Oracle() {
    mpfr_clear(x_);
    mpfr_clear(y_);
  }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  float operator()(MpfrFunction function, float x) {
    mpfr_set_flt(x_, x, MPFR_RNDN);
    const int inexact = function(y_, x_, MPFR_RNDN);
    mpfr_subnormalize(y_, inexact, MPFR_RNDN);
    return mpfr_get_flt(y_, MPFR_RNDN);
  }

  /// x^y.
  float power(float x, double y) {
    mpfr_t exponent;
    mpfr_init2(exponent, 53);
    mpfr_set_flt(x_, x, MPFR_RNDN);
    mpfr_set_emin(-2000);  // any binary64 exponent
    mpfr_set_emax(2000);
    mpfr_set_d(exponent, y, MPFR_RNDN);
    mpfr_set_emin(-148);
    mpfr_set_emax(128);
    const int inexact = mpfr_pow(y_, x_, exponent, MPFR_RNDN);
    mpfr_subnormalize(y_, inexact, MPFR_RNDN);
    mpfr_clear(exponent);
    return mpfr_get_flt(y_, MPFR_RNDN);
  }

 private:
  mpfr_t x_;
  mpfr_t y_;
};

/// The bits, with one pattern for every NaN.
inline std::uint32_t canonical_bits(float value) {
  return std::bit_cast<std::uint32_t>(value != value ? std::bit_cast<float>(0x7FC00000U) : value);
}

}  // namespace isotrace::reference
