#include <isotrace/reference/math/functions.hpp>

#include <isotrace/reference/math/angle.hpp>
#include <isotrace/reference/math/approximations.hpp>
#include <isotrace/reference/math/scalar_lane.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::reference {
namespace {

using Slow = float (*)(float);

/// The rounding of an approximation, or the slow path where its error leaves two answers.
float round_or(Slow slow, float x, ScalarLane approximation) {
  const double y = approximation.value;
  const auto above = static_cast<float>(std::fma(y, approximation_error_max, y));
  const auto below = static_cast<float>(std::fma(y, -approximation_error_max, y));
  return above == below ? above : slow(x);
}

template <class Function>
float evaluate(Slow slow, float x) {
  const ScalarLane wide = x;
  return Function::domain(wide) ? round_or(slow, x, Function::value(wide)) : slow(x);
}

/// The same where the argument has many turns.
template <class Function, class Value>
float evaluate_angle(Slow slow, float x, Value value) {
  if (Function::domain(ScalarLane(x))) return round_or(slow, x, Function::value(ScalarLane(x)));
  if (!(std::fabs(x) < 0x1p200)) return slow(x);
  const ReducedAngle angle = reduce_large_angle(x);
  return round_or(slow, x, value(Angle<ScalarLane>{angle.r.hi, angle.quadrant + integer_shift}));
}

}  // namespace

float exp(float x) { return evaluate<Exp>(trusted::exp, x); }
float exp2(float x) { return evaluate<Exp2>(trusted::exp2, x); }
float expm1(float x) { return evaluate<Expm1>(trusted::expm1, x); }
float log(float x) { return evaluate<Log>(trusted::log, x); }
float log2(float x) { return evaluate<Log2>(trusted::log2, x); }
float log1p(float x) { return evaluate<Log1p>(trusted::log1p, x); }
float sin(float x) {
  return evaluate_angle<Sin>(trusted::sin, x, [](auto angle) { return sin_of(angle); });
}
float cos(float x) {
  return evaluate_angle<Cos>(trusted::cos, x, [](auto angle) { return cos_of(angle); });
}
float tan(float x) {
  return evaluate_angle<Tan>(trusted::tan, x, [](auto angle) { return tan_of(angle); });
}
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
