// Activations and the elementary functions (docs/spec/activation.md, docs/spec/math.md): fixed
// sequences of binary32 (or binary64) operations; f16 and bf16 are widened first and rounded once
// at the end.
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

/// For operations made of + - * / alone.
template <class F>
Outcome activate_float(const Call& call, F f) {
  const TensorView& x = call.operand(0);
  return one(visit_floats(
      x.dtype(), [&](auto type) { return map_unary<typename decltype(type)::type>(x, f); }));
}

/// For operations that contain a math function: not for f64.
Outcome activate_single(const Call& call, auto f) {
  const TensorView& x = call.operand(0);
  return one(visit_singles(
      x.dtype(), [&](auto type) { return map_unary<typename decltype(type)::type>(x, f); }));
}

/// An attribute as a number of the type of the data: widened, or truncated and saturated.
template <class Number>
Number parameter(float value) {
  if constexpr (std::is_floating_point_v<Number>) {
    return value;
  } else {
    return core::to_integer<Number>(value);
  }
}

float softplus(float x) { return maximum(x, 0.0F) + log1p(exp(-std::fabs(x))); }

}  // namespace

// [activation.relu]
Outcome evaluate_relu(const Call& call) {
  const TensorView& x = call.operand(0);
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return map_unary<T>(x, [](Wide<T> v) { return v > 0 || v != v ? v : Wide<T>{0}; });
  }));
}

// [activation.leaky_relu]
Outcome evaluate_leaky_relu(const Call& call) {
  const float alpha = call.node.real("alpha");
  return activate_float(call, [alpha](auto x) { return x < 0 ? alpha * x : x; });
}

// [activation.prelu] The slope broadcasts to x, not the other way round.
Outcome evaluate_prelu(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& slope = call.operand(1);
  ISOTRACE_TRY_DONE(check_same_dtype(x, slope));
  ISOTRACE_TRY_DONE(check_broadcastable(slope.shape(), x.shape()));
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return map_binary<T>(x, slope, [](Wide<T> v, Wide<T> s) { return v < 0 ? multiply(s, v) : v; });
  }));
}

// [activation.elu]
Outcome evaluate_elu(const Call& call) {
  const float alpha = call.node.real("alpha");
  return activate_single(call, [alpha](float x) { return x >= 0 ? x : alpha * expm1(x); });
}

// [activation.selu]
Outcome evaluate_selu(const Call& call) {
  const float alpha = call.node.real("alpha");
  const float gamma = call.node.real("gamma");
  return activate_single(call, [=](float x) { return gamma * (x >= 0 ? x : alpha * expm1(x)); });
}

// [activation.sigmoid]
Outcome evaluate_sigmoid(const Call& call) {
  return activate_single(call, [](float x) { return 1.0F / (1.0F + exp(-x)); });
}

// [activation.hard_sigmoid]
Outcome evaluate_hard_sigmoid(const Call& call) {
  const float alpha = call.node.real("alpha");
  const float beta = call.node.real("beta");
  return activate_float(call, [=](auto x) {
    using Float = decltype(x);
    return maximum(Float{0}, minimum(Float{1}, static_cast<Float>(alpha) * x + beta));
  });
}

// [activation.softplus]
Outcome evaluate_softplus(const Call& call) {
  return activate_single(call, [](float x) { return softplus(x); });
}

// [activation.softsign]
Outcome evaluate_softsign(const Call& call) {
  return activate_float(call, [](auto x) { return x / (decltype(x){1} + std::fabs(x)); });
}

// [activation.tanh]
Outcome evaluate_tanh(const Call& call) {
  return activate_single(call, [](float x) { return tanh(x); });
}

// [activation.thresholded_relu]
Outcome evaluate_thresholded_relu(const Call& call) {
  const float alpha = call.node.real("alpha");
  return activate_float(call, [alpha](auto x) { return x > alpha ? x : decltype(x){0}; });
}

// [activation.shrink] Integers take the parameters as Cast would give them.
Outcome evaluate_shrink(const Call& call) {
  const TensorView& x = call.operand(0);
  const float bias = call.node.real("bias");
  const float lambd = call.node.real("lambd");
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    const auto low = parameter<Wide<T>>(-lambd);
    const auto high = parameter<Wide<T>>(lambd);
    const auto shift = parameter<Wide<T>>(bias);
    return map_unary<T>(x, [=](Wide<T> v) {
      if (v < low) return add(v, shift);
      return v > high ? subtract(v, shift) : Wide<T>{0};
    });
  }));
}

// [activation.celu]
Outcome evaluate_celu(const Call& call) {
  const float alpha = call.node.real("alpha");
  return activate_single(call, [alpha](float x) { return x >= 0 ? x : alpha * expm1(x / alpha); });
}

// [activation.hard_swish]
Outcome evaluate_hard_swish(const Call& call) {
  return activate_float(call, [](auto x) {
    using Float = decltype(x);
    const Float sixth = Float{1} / Float{6};
    return x * maximum(Float{0}, minimum(Float{1}, sixth * x + Float{0.5}));
  });
}

// [activation.mish]
Outcome evaluate_mish(const Call& call) {
  return activate_single(call, [](float x) { return x * tanh(softplus(x)); });
}

// [activation.gelu]
Outcome evaluate_gelu(const Call& call) {
  const std::string& approximate = call.node.text("approximate");
  if (approximate == "none") {
    return activate_single(call, [](float x) {
      constexpr float half_root = 0x1.6a09e6p-1F;  // sqrt(1 / 2)
      return (0.5F * x) * (1.0F + erf(x * half_root));
    });
  }
  if (approximate != "tanh") return refuse_attribute("approximate " + approximate);
  return activate_single(call, [](float x) {
    constexpr float root = 0x1.988454p-1F;  // sqrt(2 / pi)
    const float inner = std::fma(0.044715F * (x * x), x, x);
    return (0.5F * x) * (1.0F + tanh(root * inner));
  });
}

// [math.exp]
Outcome evaluate_exp(const Call& call) {
  const TensorView& x = call.operand(0);
  if (x.dtype() == Dtype::f64) return one(map_unary<double>(x, exp64));
  return activate_single(call, [](float v) { return exp(v); });
}

// [math.log]
Outcome evaluate_log(const Call& call) {
  const TensorView& x = call.operand(0);
  if (x.dtype() == Dtype::f64) return one(map_unary<double>(x, log64));
  return activate_single(call, [](float v) { return log(v); });
}

// [math.sin]
Outcome evaluate_sin(const Call& call) {
  return activate_single(call, [](float x) { return sin(x); });
}

// [math.cos]
Outcome evaluate_cos(const Call& call) {
  return activate_single(call, [](float x) { return cos(x); });
}

// [math.tan]
Outcome evaluate_tan(const Call& call) {
  return activate_single(call, [](float x) { return tan(x); });
}

// [math.asin]
Outcome evaluate_asin(const Call& call) {
  return activate_single(call, [](float x) { return asin(x); });
}

// [math.acos]
Outcome evaluate_acos(const Call& call) {
  return activate_single(call, [](float x) { return acos(x); });
}

// [math.atan]
Outcome evaluate_atan(const Call& call) {
  return activate_single(call, [](float x) { return atan(x); });
}

// [math.sinh]
Outcome evaluate_sinh(const Call& call) {
  return activate_single(call, [](float x) { return sinh(x); });
}

// [math.cosh]
Outcome evaluate_cosh(const Call& call) {
  return activate_single(call, [](float x) { return cosh(x); });
}

// [math.asinh]
Outcome evaluate_asinh(const Call& call) {
  return activate_single(call, [](float x) { return asinh(x); });
}

// [math.acosh]
Outcome evaluate_acosh(const Call& call) {
  return activate_single(call, [](float x) { return acosh(x); });
}

// [math.atanh]
Outcome evaluate_atanh(const Call& call) {
  return activate_single(call, [](float x) { return atanh(x); });
}

// [math.erf]
Outcome evaluate_erf(const Call& call) {
  return activate_single(call, [](float x) { return erf(x); });
}

}  // namespace isotrace::reference
