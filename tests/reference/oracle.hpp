// MPFR as the oracle of the elementary functions: at the precision and exponent range of binary32
// it rounds correctly, subnormals included.
#pragma once

#include <bit>
#include <cstdint>

#include <mpfr.h>

#include <isotrace/reference/math/functions.hpp>

namespace isotrace::reference {

using MpfrFunction = int (*)(mpfr_t, const mpfr_t, mpfr_rnd_t);

struct Function {
  const char* name;
  float (*ours)(float);
  MpfrFunction exact;
};

inline const Function functions[] = {{"exp", &exp, &mpfr_exp},
                                     {"expm1", &expm1, &mpfr_expm1},
                                     {"log", &log, &mpfr_log},
                                     {"log1p", &log1p, &mpfr_log1p},
                                     {"tanh", &tanh, &mpfr_tanh}};

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

 private:
  mpfr_t x_;
  mpfr_t y_;
};

/// The bits, with one pattern for every NaN.
inline std::uint32_t canonical_bits(float value) {
  return std::bit_cast<std::uint32_t>(value != value ? std::bit_cast<float>(0x7FC00000U) : value);
}

}  // namespace isotrace::reference
