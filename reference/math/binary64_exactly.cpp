// A number of 512 bits by definition or series errs by less than 2^-300 of the result: what
// cancels in the formulas below is at most the bits by which an argument is small, of which
// binary64_values.hpp leaves 56. No function here has a rational value half way between two
// binary64 numbers (Lindemann), and the nearest known to one are 2^-120 away
// (J.-M. Muller, "Elementary Functions", 3rd edition, chapter 12); the check would say so.
#include <isotrace/reference/math/binary64_exactly.hpp>

#include <cmath>
#include <limits>

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::reference::binary64::exactly {
namespace {

namespace multiprecision = boost::multiprecision;
using multiprecision::digit_base_2;
using Long = multiprecision::number<multiprecision::cpp_bin_float<512, digit_base_2>,
                                    multiprecision::et_off>;
/// Holds any binary64 angle with 1,000 bits after the point.
using Angle = multiprecision::number<multiprecision::cpp_bin_float<2100, digit_base_2>,
                                     multiprecision::et_off>;

/// To nearest; the value is no half-way one.
double nearest(const Long& value) {
  const int top = ilogb(value);
  if (top > 1100) return std::copysign(std::numeric_limits<double>::infinity(), value.sign());
  if (top < -1100) return std::copysign(0.0, value.sign());
  const int unit = std::max(top - 52, -1074);
  const Long units = multiprecision::round(ldexp(value, -unit));
  return std::ldexp(units.convert_to<double>(), unit);
}

double round_certainly(const Long& value) {
  const Long margin = ldexp(value, -300);
  const double above = nearest(value + margin);
  const double below = nearest(value - margin);
  ISOTRACE_CHECK(above == below, above, below);
  return above;
}

struct Quadrant {
  unsigned number;
  Long rest;
};

Quadrant reduce(double x) {
  static const Angle half_pi = boost::math::constants::half_pi<Angle>();
  const Angle turns = multiprecision::round(Angle(x) / half_pi);
  const Angle four = 4;
  const Angle number = turns - four * floor(turns / four);
  return {number.convert_to<unsigned>(), Long(Angle(x) - turns * half_pi)};
}

Long sine(double x, unsigned offset) {
  const Quadrant at = reduce(x);
  const unsigned number = (at.number + offset) % 4;
  const Long value = number % 2 == 0 ? multiprecision::sin(at.rest) : multiprecision::cos(at.rest);
  return number < 2 ? value : Long(-value);
}

}  // namespace

double exp(double x) { return round_certainly(multiprecision::exp(Long(x))); }
double expm1(double x) { return round_certainly(multiprecision::exp(Long(x)) - 1); }
double log(double x) { return round_certainly(multiprecision::log(Long(x))); }
double log1p(double x) { return round_certainly(multiprecision::log(1 + Long(x))); }
double sin(double x) { return round_certainly(sine(x, 0)); }
double cos(double x) { return round_certainly(sine(x, 1)); }
double tan(double x) { return round_certainly(sine(x, 0) / sine(x, 1)); }
double asin(double x) { return round_certainly(multiprecision::asin(Long(x))); }
double acos(double x) { return round_certainly(multiprecision::acos(Long(x))); }
double atan(double x) { return round_certainly(multiprecision::atan(Long(x))); }

double tanh(double x) {
  const Long power = multiprecision::exp(2 * Long(x));
  return round_certainly((power - 1) / (power + 1));
}
double sinh(double x) {
  const Long power = multiprecision::exp(Long(x));
  return round_certainly((power - 1 / power) / 2);
}
double cosh(double x) {
  const Long power = multiprecision::exp(Long(x));
  return round_certainly((power + 1 / power) / 2);
}
double asinh(double x) {
  const Long size = std::fabs(x);
  const double magnitude = round_certainly(multiprecision::log(size + sqrt(size * size + 1)));
  return std::copysign(magnitude, x);
}
double acosh(double x) {
  const Long size = x;
  return round_certainly(multiprecision::log(size + sqrt((size - 1) * (size + 1))));
}
double atanh(double x) {
  return round_certainly(multiprecision::log((1 + Long(x)) / (1 - Long(x))) / 2);
}

/// The series of binary64_values.hpp, until terms no longer matter.
double erf(double x) {
  static const Long factor = boost::math::constants::two_div_root_pi<Long>();
  const Long square = Long(x) * Long(x);
  Long term = 1;
  Long sum = 0;
  for (int n = 1; term > ldexp(sum, -500); ++n) {
    sum += term;
    term *= 2 * square / (2 * n + 1);
  }
  return round_certainly(factor * Long(x) * multiprecision::exp(-square) * sum);
}

}  // namespace isotrace::reference::binary64::exactly
