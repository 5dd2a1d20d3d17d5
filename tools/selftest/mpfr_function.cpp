#include <isotrace/tools/selftest/mpfr_function.hpp>

#include <isotrace/core/convert.hpp>

namespace isotrace::tools {
namespace {

/// The range of binary32: 2^-149 is the least number; MPFR counts from 0.1 binary.
void use_single_range() {
  mpfr_set_emin(-148);
  mpfr_set_emax(128);
}

void use_wide_range() {
  mpfr_set_emin(mpfr_get_emin_min());
  mpfr_set_emax(mpfr_get_emax_max());
}

/// MPFR's own gives +inf for -0; IEEE 754 and we give -inf.
int reciprocal_root(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding) {
  return mpfr_zero_p(x) != 0 ? mpfr_ui_div(y, 1, x, rounding) : mpfr_rec_sqrt(y, x, rounding);
}

constexpr auto none = Symmetry::none;
constexpr auto odd = Symmetry::odd;
constexpr auto even = Symmetry::even;

constexpr OracleFunction functions[] = {
    {"exp", mpfr_exp, none, false},     {"exp2", mpfr_exp2, none, false},
    {"expm1", mpfr_expm1, none, false}, {"log", mpfr_log, none, false},
    {"log2", mpfr_log2, none, false},   {"log1p", mpfr_log1p, none, false},
    {"sin", mpfr_sin, odd, true},       {"cos", mpfr_cos, even, true},
    {"tan", mpfr_tan, odd, true},       {"asin", mpfr_asin, odd, false},
    {"acos", mpfr_acos, none, false},   {"atan", mpfr_atan, odd, false},
    {"sinh", mpfr_sinh, odd, false},    {"cosh", mpfr_cosh, even, false},
    {"tanh", mpfr_tanh, odd, false},    {"asinh", mpfr_asinh, odd, false},
    {"acosh", mpfr_acosh, none, false}, {"atanh", mpfr_atanh, odd, false},
    {"erf", mpfr_erf, odd, false},      {"rsqrt", reciprocal_root, none, false}};

}  // namespace

std::span<const OracleFunction> oracle_functions() { return functions; }

MpfrFunction::MpfrFunction(const OracleFunction& function) : function_(function) {
  mpfr_init2(argument_, 53);
  mpfr_init2(single_, 24);
  mpfr_init2(wide_, 140);
  mpfr_init2(difference_, 140);
}

MpfrFunction::~MpfrFunction() {
  mpfr_clear(argument_);
  mpfr_clear(single_);
  mpfr_clear(wide_);
  mpfr_clear(difference_);
}

float MpfrFunction::rounded(float x) {
  use_wide_range();
  mpfr_set_flt(argument_, x, MPFR_RNDN);
  use_single_range();
  const int inexact = function_.exact(single_, argument_, MPFR_RNDN);
  mpfr_subnormalize(single_, inexact, MPFR_RNDN);
  return core::canonical(mpfr_get_flt(single_, MPFR_RNDN));
}

float MpfrFunction::rounded_power(float x, double y) {
  use_wide_range();
  mpfr_set_flt(wide_, x, MPFR_RNDN);
  mpfr_set_d(argument_, y, MPFR_RNDN);
  use_single_range();
  const int inexact = mpfr_pow(single_, wide_, argument_, MPFR_RNDN);
  mpfr_subnormalize(single_, inexact, MPFR_RNDN);
  return core::canonical(mpfr_get_flt(single_, MPFR_RNDN));
}

reference::DoubleDouble MpfrFunction::pair(int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t),
                                           double x) {
  use_wide_range();
  mpfr_set_d(argument_, x, MPFR_RNDN);
  exact(wide_, argument_, MPFR_RNDN);
  const double hi = mpfr_get_d(wide_, MPFR_RNDN);
  mpfr_sub_d(difference_, wide_, hi, MPFR_RNDN);
  return {hi, mpfr_get_d(difference_, MPFR_RNDN)};
}

}  // namespace isotrace::tools
