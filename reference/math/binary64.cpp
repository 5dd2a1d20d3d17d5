// [math.exp] [math.log] [math.sin] [math.cos] [math.tan] [math.asin] [math.acos] [math.atan]
// [math.sinh] [math.cosh] [activation.tanh] [math.asinh] [math.acosh] [math.atanh] [math.erf]
// [math.pow] in binary64 (docs/spec/math.md).
#include <isotrace/reference/math/binary64.hpp>

#include <isotrace/reference/math/binary64_exactly.hpp>
#include <isotrace/reference/math/binary64_values.hpp>
#include <isotrace/reference/math/pow.hpp>

namespace isotrace::reference {
namespace {

template <class Function>
double evaluate(double (*exactly)(double), double x) {
  double result = 0;
  return binary64::evaluate<Function>(x, result) ? result : exactly(x);
}

}  // namespace

namespace exactly = binary64::exactly;

double exp64(double x) { return evaluate<binary64::Exp>(exactly::exp, x); }
double expm1_64(double x) { return evaluate<binary64::Expm1>(exactly::expm1, x); }
double log64(double x) { return evaluate<binary64::Log>(exactly::log, x); }
double log1p_64(double x) { return evaluate<binary64::Log1p>(exactly::log1p, x); }
double sin64(double x) { return evaluate<binary64::Sin>(exactly::sin, x); }
double cos64(double x) { return evaluate<binary64::Cos>(exactly::cos, x); }
double tan64(double x) { return evaluate<binary64::Tan>(exactly::tan, x); }
double asin64(double x) { return evaluate<binary64::Asin>(exactly::asin, x); }
double acos64(double x) { return evaluate<binary64::Acos>(exactly::acos, x); }
double atan64(double x) { return evaluate<binary64::Atan>(exactly::atan, x); }
double tanh64(double x) { return evaluate<binary64::Tanh>(exactly::tanh, x); }
double sinh64(double x) { return evaluate<binary64::Sinh>(exactly::sinh, x); }
double cosh64(double x) { return evaluate<binary64::Cosh>(exactly::cosh, x); }
double asinh64(double x) { return evaluate<binary64::Asinh>(exactly::asinh, x); }
double acosh64(double x) { return evaluate<binary64::Acosh>(exactly::acosh, x); }
double atanh64(double x) { return evaluate<binary64::Atanh>(exactly::atanh, x); }
double erf64(double x) { return evaluate<binary64::Erf>(exactly::erf, x); }

double pow64(double x, double y) {
  double result = 0;
  bool minus = false;
  if (binary64::power(x, y, result, minus)) return result;
  const double magnitude = power64_exactly(std::fabs(x), y);
  return minus ? -magnitude : magnitude;
}

double pow64(double x, bool negative, std::uint64_t n) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 53;
  const auto rounded = static_cast<double>(n <= limit ? n : limit - n % 2);
  const double magnitude = std::fabs(x);
  const bool ordinary = magnitude > 0 && magnitude != 1 && magnitude < binary64::infinity();
  // 2^53 ln |x| tells whether the power is far out of range.
  if (n <= limit || !ordinary || std::fabs(binary64::logarithm(magnitude).hi) * 0x1p53 > 800) {
    return pow64(x, negative ? -rounded : rounded);
  }
  if (std::fabs(binary64::logarithm(magnitude).hi) * static_cast<double>(n) > 800) {
    const double result = (magnitude > 1) != negative ? binary64::infinity() : 0.0;
    return x < 0 && n % 2 != 0 ? -result : result;
  }
  const double result = power64_exactly(magnitude, negative, n);
  return x < 0 && n % 2 != 0 ? -result : result;
}

}  // namespace isotrace::reference
