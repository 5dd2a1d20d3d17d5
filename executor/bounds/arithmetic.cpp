#include <isotrace/executor/bounds/arithmetic.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <isotrace/core/check.hpp>
#include <isotrace/reference/math/binary64.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;

constexpr double infinity = std::numeric_limits<double>::infinity();
/// An error is found by at most sixteen operations of binary64 on numbers that are not negative, so
/// it is short by less than this factor.
constexpr double upward = 1 + 0x1p-48;
/// The least positive binary64: what underflow takes from a band.
constexpr double least_double = 0x1p-1074;

/// Significant bits, exponent of the least normal number, greatest finite number.
struct Format {
  int precision;
  int exponent_min;
  double greatest;
};
Format format_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return {24, -126, std::numeric_limits<float>::max()};
    case Dtype::f64: return {53, -1022, std::numeric_limits<double>::max()};
    case Dtype::f16: return {11, -14, 65504};
    case Dtype::bf16: return {8, -126, 0x1.FEp127};
    case Dtype::f8e4m3fn: return {4, -6, 448};
    case Dtype::f8e4m3fnuz: return {4, -7, 240};
    case Dtype::f8e5m2: return {3, -14, 57344};
    default:
      ISOTRACE_CHECK(dtype == Dtype::f8e5m2fnuz, core::dtype_name(dtype));
      return {3, -15, 57344};
  }
}

bool is_special(Band a) { return !std::isfinite(a.middle) && a.error == 0; }

/// The result of an operation on infinities or NaN. It is certain where the other operand is, too.
Band special(double middle, Band a, Band b) {
  const bool certain = a.error == 0 && b.error == 0;
  return certain ? Band{middle, 0} : unknown_band();
}

}  // namespace

double gamma(double n, double u) { return n * u < 1 ? n * u / (1 - n * u) * upward : infinity; }

Band unknown_band() { return {0, infinity}; }

Arithmetic::Arithmetic(Dtype dtype, const BoundOptions& options) {
  const Format format = format_of(dtype);
  const bool wide = format.precision >= 24;
  roundoff_ = std::ldexp(1.0, -format.precision);
  sum_roundoff_ = wide ? roundoff_ : 0x1p-24;
  least_normal_ = std::ldexp(1.0, format.exponent_min);
  flush_ = options.flush_subnormals ? least_normal_ : 0;
  underflow_ = std::max(flush_, std::max(least_normal_ * roundoff_, least_double));
  greatest_ = format.greatest;
  sum_greatest_ = wide ? greatest_ : double{std::numeric_limits<float>::max()};
  library_ulps_ = options.library_ulps;
}

bool Arithmetic::is_finite(Band a) const { return std::fabs(a.middle) + a.error <= greatest_; }

Band Arithmetic::rounded(double middle, double error, double absolute) const {
  const double reach = std::fabs(middle) + error;
  const double own = std::fabs(middle) * binary64_roundoff + least_double;
  if (!std::isfinite(reach)) return unknown_band();
  return {middle, (error + own + roundoff_ * (reach + own) + absolute) * upward};
}

Band Arithmetic::load(double value) const {
  const bool subnormal = value != 0 && std::fabs(value) < least_normal_;
  return {value, subnormal && flush_ > 0 ? std::fabs(value) : 0.0};
}

Band Arithmetic::add(Band a, Band b) const {
  if (is_special(a) || is_special(b)) return special(a.middle + b.middle, a, b);
  if (!is_finite(a) || !is_finite(b)) return unknown_band();
  return rounded(a.middle + b.middle, a.error + b.error, flush_);
}

Band Arithmetic::multiply(Band a, Band b) const {
  if (is_special(a) || is_special(b)) return special(a.middle * b.middle, a, b);
  if (!is_finite(a) || !is_finite(b)) return unknown_band();
  const double error =
      std::fabs(a.middle) * b.error + std::fabs(b.middle) * a.error + a.error * b.error;
  return rounded(a.middle * b.middle, error, underflow_);
}

// (a + da) / (b + db) - a / b = (da - a / b * db) / (b + db).
Band Arithmetic::divide(Band a, Band b) const {
  if (is_special(a) || is_special(b)) return special(a.middle / b.middle, a, b);
  if (!is_finite(a) || !is_finite(b)) return unknown_band();
  if (b.middle == 0 && b.error == 0) return special(a.middle / b.middle, a, b);
  const double least = (std::fabs(b.middle) - b.error) * (1 - binary64_roundoff);
  if (least <= 0) return unknown_band();
  const double middle = a.middle / b.middle;
  return rounded(middle, (a.error + std::fabs(middle) * b.error * upward) / least, underflow_);
}

// |sqrt(a + d) - sqrt(a)| = |d| / (sqrt(a + d) + sqrt(a)) is at most |d| / sqrt(a), and where the
// band reaches zero at most sqrt(|d|).
Band Arithmetic::sqrt(Band a) const {
  if (is_special(a) || (a.middle < 0 && a.error == 0)) return {std::sqrt(a.middle), 0};
  if (!is_finite(a)) return unknown_band();
  if (a.middle <= a.error) {
    return rounded(0, std::sqrt(std::max(a.middle + a.error, 0.0)) * upward, 0);
  }
  const double middle = std::sqrt(a.middle);
  return rounded(middle, a.error / middle * upward, 0);
}

// e^(a + d) = e^a e^d, and |e^d - 1| <= |d| e^|d|. A library may flush what is subnormal.
Band Arithmetic::exp(Band a) const {
  if (is_special(a)) return {reference::exp64(a.middle), 0};
  if (!is_finite(a)) return unknown_band();
  const double middle = reference::exp64(a.middle);
  const double shift = a.error == 0 ? 0.0 : a.error * reference::exp64(a.error) * upward;
  const double error = middle * shift;
  return rounded(middle, (error + library() * (middle + error)) * upward, least_normal_);
}

// |ln(a + d) - ln(a)| <= |d| / (a - |d|).
Band Arithmetic::log(Band a) const {
  if (is_special(a) || (a.middle <= 0 && a.error == 0)) return {reference::log64(a.middle), 0};
  const double least = (a.middle - a.error) * (1 - binary64_roundoff);
  if (!is_finite(a) || least <= 0) return unknown_band();
  const double middle = reference::log64(a.middle);
  const double error = a.error / least;
  return rounded(middle, (error + library() * (std::fabs(middle) + error)) * upward, least_normal_);
}

Band Arithmetic::round(Band a) const {
  if (is_special(a)) return a;
  return rounded(a.middle, a.error, underflow_);
}

Band Arithmetic::sum(double value, double magnitude, double terms, double each) const {
  if (!std::isfinite(magnitude)) return {value, std::isfinite(value) ? infinity : 0.0};
  // The sums in binary64 are off by as many roundings of their own.
  const double own = gamma(terms + each + 1, binary64_roundoff);
  const double bounded = magnitude * (1 + 2 * own);
  const double roundings = std::max(terms - 1, 0.0) + each;
  const double lost = terms * (each * underflow_ + 3 * flush_) + least_double;
  const double factor = gamma(roundings, sum_roundoff_);
  const double error = ((factor + own) * bounded + 2 * lost) * upward;
  if (!(bounded + error <= sum_greatest_)) return unknown_band();
  if (sum_roundoff_ == roundoff_) return {value, error};
  return rounded(value, error, underflow_);
}

Band Arithmetic::clamp(Band a, double low, double high) const {
  if (std::isnan(a.middle)) return a;
  if (a.middle + a.error <= low) return {low, 0};
  if (a.middle - a.error >= high) return {high, 0};
  return {std::clamp(a.middle, low, high), a.error};
}

}  // namespace isotrace::executor
