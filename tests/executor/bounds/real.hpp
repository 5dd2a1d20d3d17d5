// Numbers of MPFR with so many bits that sums of products of binary32 are exact.
#pragma once

#include <utility>

#include <mpfr.h>

namespace isotrace::tests {

class Real {
 public:
  using Function = int (*)(mpfr_t, const mpfr_t, mpfr_rnd_t);

  Real(double value = 0) {  // NOLINT(google-explicit-constructor): formulas read as formulas
    mpfr_init2(value_, bits);
    mpfr_set_d(value_, value, MPFR_RNDN);
  }
  Real(const Real& other) : Real() { mpfr_set(value_, other.value_, MPFR_RNDN); }
  Real& operator=(const Real& other) {
    mpfr_set(value_, other.value_, MPFR_RNDN);
    return *this;
  }
  ~Real() { mpfr_clear(value_); }

  friend Real operator+(const Real& a, const Real& b) { return binary(mpfr_add, a, b); }
  friend Real operator-(const Real& a, const Real& b) { return binary(mpfr_sub, a, b); }
  friend Real operator*(const Real& a, const Real& b) { return binary(mpfr_mul, a, b); }
  friend Real operator/(const Real& a, const Real& b) { return binary(mpfr_div, a, b); }
  friend bool operator<(const Real& a, const Real& b) { return mpfr_less_p(a.value_, b.value_); }
  friend bool operator<=(const Real& a, const Real& b) {
    return mpfr_lessequal_p(a.value_, b.value_);
  }
  friend Real pow(const Real& a, const Real& b) { return binary(mpfr_pow, a, b); }
  friend Real apply(Function function, const Real& x) {
    Real y;
    function(y.value_, x.value_, MPFR_RNDN);
    return y;
  }
  friend Real abs(const Real& x) { return x < Real() ? Real() - x : x; }
  friend Real exp(const Real& x) { return apply(mpfr_exp, x); }
  friend Real log(const Real& x) { return apply(mpfr_log, x); }
  friend Real sqrt(const Real& x) { return apply(mpfr_sqrt, x); }
  friend Real tanh(const Real& x) { return apply(mpfr_tanh, x); }

  [[nodiscard]] double to_double() const { return mpfr_get_d(value_, MPFR_RNDN); }

 private:
  static constexpr mpfr_prec_t bits = 800;

  template <class F>
  static Real binary(F function, const Real& a, const Real& b) {
    Real y;
    function(y.value_, a.value_, b.value_, MPFR_RNDN);
    return y;
  }

  mpfr_t value_;
};

}  // namespace isotrace::tests
