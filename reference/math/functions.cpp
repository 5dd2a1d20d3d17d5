#include <isotrace/reference/math/functions.hpp>

#include <isotrace/reference/math/approximations.hpp>
#include <isotrace/reference/math/scalar_lane.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference {
namespace {

using Slow = float (*)(float);

/// Where the quick sequence leaves two answers, or is not made for the argument.
template <class Function>
[[gnu::noinline]] float settle(Slow slow, float x) {
  const ScalarLane wide = x;
  if (!Function::domain(wide)) return static_cast<float>(Function::outside(wide).value);
  const double y = Function::template value<Fine>(wide).value;
  const auto above = static_cast<float>(std::fma(y, Fine::error_max, y));
  const auto below = static_cast<float>(std::fma(y, -Fine::error_max, y));
  return above == below ? above : slow(x);
}

template <class Function>
float evaluate(Slow slow, float x) {
  const ScalarLane wide = x;
  const ScalarLane y = Function::template value<Quick>(wide);
  const bool certain = Function::ordinary(wide) && ScalarLane::is_clear(y, Quick::window);
  return certain ? static_cast<float>(y.value) : settle<Function>(slow, x);
}

}  // namespace

float exp(float x) { return evaluate<Exp>(trusted::exp, x); }
float exp2(float x) { return evaluate<Exp2>(trusted::exp2, x); }
float expm1(float x) { return evaluate<Expm1>(trusted::expm1, x); }
float log(float x) { return evaluate<Log>(trusted::log, x); }
float log2(float x) { return evaluate<Log2>(trusted::log2, x); }
float log1p(float x) { return evaluate<Log1p>(trusted::log1p, x); }
float sin(float x) { return evaluate<Sin>(trusted::sin, x); }
float cos(float x) { return evaluate<Cos>(trusted::cos, x); }
float tan(float x) { return evaluate<Tan>(trusted::tan, x); }
float asin(float x) { return evaluate<Asin>(trusted::asin, x); }
float acos(float x) { return evaluate<Acos>(trusted::acos, x); }
float atan(float x) { return evaluate<Atan>(trusted::atan, x); }
float sinh(float x) { return evaluate<Sinh>(trusted::sinh, x); }
float cosh(float x) { return evaluate<Cosh>(trusted::cosh, x); }
float tanh(float x) { return evaluate<Tanh>(trusted::tanh, x); }
float asinh(float x) { return evaluate<Asinh>(trusted::asinh, x); }
float acosh(float x) { return evaluate<Acosh>(trusted::acosh, x); }
float atanh(float x) { return evaluate<Atanh>(trusted::atanh, x); }
float erf(float x) { return evaluate<Erf>(trusted::erf, x); }
float rsqrt(float x) { return evaluate<Rsqrt>(trusted::rsqrt, x); }

}  // namespace isotrace::reference
