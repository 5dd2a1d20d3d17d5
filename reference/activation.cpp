// Activations and the elementary functions (docs/spec/activation.md, docs/spec/math.md): fixed
// sequences of binary32 (or binary64) operations; f16 and bf16 are widened first and rounded once
// at the end.
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/math/real.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

template <class F>
Outcome activate(const Call& call, F f) {
  const TensorView& x = call.operand(0);
  return one(visit_floats(
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

template <class Float>
Float softplus(Float x) {
  return maximum(x, Float{0}) + real::log1p(real::exp(-std::fabs(x)));
}

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
  return activate(call, [alpha](auto x) { return x < 0 ? alpha * x : x; });
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
  return activate(call, [alpha](auto x) { return x >= 0 ? x : alpha * real::expm1(x); });
}

// [activation.selu]
Outcome evaluate_selu(const Call& call) {
  const float alpha = call.node.real("alpha");
  const float gamma = call.node.real("gamma");
  return activate(call, [=](auto x) { return gamma * (x >= 0 ? x : alpha * real::expm1(x)); });
}

// [activation.sigmoid]
Outcome evaluate_sigmoid(const Call& call) {
  return activate(call, [](auto x) {
    using Float = decltype(x);
    return Float{1} / (Float{1} + real::exp(-x));
  });
}

// [activation.hard_sigmoid]
Outcome evaluate_hard_sigmoid(const Call& call) {
  const float alpha = call.node.real("alpha");
  const float beta = call.node.real("beta");
  return activate(call, [=](auto x) {
    using Float = decltype(x);
    return maximum(Float{0}, minimum(Float{1}, static_cast<Float>(alpha) * x + beta));
  });
}

// [activation.softplus]
Outcome evaluate_softplus(const Call& call) {
  return activate(call, [](auto x) { return softplus(x); });
}

// [activation.softsign]
Outcome evaluate_softsign(const Call& call) {
  return activate(call, [](auto x) { return x / (decltype(x){1} + std::fabs(x)); });
}

// [activation.tanh]
Outcome evaluate_tanh(const Call& call) {
  return activate(call, [](auto x) { return real::tanh(x); });
}

// [activation.thresholded_relu]
Outcome evaluate_thresholded_relu(const Call& call) {
  const float alpha = call.node.real("alpha");
  return activate(call, [alpha](auto x) { return x > alpha ? x : decltype(x){0}; });
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
  return activate(call, [alpha](auto x) { return x >= 0 ? x : alpha * real::expm1(x / alpha); });
}

// [activation.hard_swish]
Outcome evaluate_hard_swish(const Call& call) {
  return activate(call, [](auto x) {
    using Float = decltype(x);
    const Float sixth = Float{1} / Float{6};
    return x * maximum(Float{0}, minimum(Float{1}, sixth * x + Float{0.5}));
  });
}

// [activation.mish]
Outcome evaluate_mish(const Call& call) {
  return activate(call, [](auto x) { return x * real::tanh(softplus(x)); });
}

// [activation.gelu]
Outcome evaluate_gelu(const Call& call) {
  const std::string& approximate = call.node.text("approximate");
  if (approximate == "none") {
    return activate(call, [](auto x) {
      using Float = decltype(x);
      constexpr auto half_root = static_cast<Float>(0x1.6a09e667f3bcdp-1);  // sqrt(1 / 2)
      return (Float{0.5} * x) * (Float{1} + real::erf(x * half_root));
    });
  }
  if (approximate != "tanh") return refuse_attribute("approximate " + approximate);
  return activate(call, [](auto x) {
    using Float = decltype(x);
    constexpr auto root = static_cast<Float>(0x1.9884533d43651p-1);  // sqrt(2 / pi)
    const Float inner = std::fma(static_cast<Float>(0.044715) * (x * x), x, x);
    return (Float{0.5} * x) * (Float{1} + real::tanh(root * inner));
  });
}

// [math.exp]
Outcome evaluate_exp(const Call& call) {
  return activate(call, [](auto x) { return real::exp(x); });
}

// [math.log]
Outcome evaluate_log(const Call& call) {
  return activate(call, [](auto x) { return real::log(x); });
}

// [math.sin]
Outcome evaluate_sin(const Call& call) {
  return activate(call, [](auto x) { return real::sin(x); });
}

// [math.cos]
Outcome evaluate_cos(const Call& call) {
  return activate(call, [](auto x) { return real::cos(x); });
}

// [math.tan]
Outcome evaluate_tan(const Call& call) {
  return activate(call, [](auto x) { return real::tan(x); });
}

// [math.asin]
Outcome evaluate_asin(const Call& call) {
  return activate(call, [](auto x) { return real::asin(x); });
}

// [math.acos]
Outcome evaluate_acos(const Call& call) {
  return activate(call, [](auto x) { return real::acos(x); });
}

// [math.atan]
Outcome evaluate_atan(const Call& call) {
  return activate(call, [](auto x) { return real::atan(x); });
}

// [math.sinh]
Outcome evaluate_sinh(const Call& call) {
  return activate(call, [](auto x) { return real::sinh(x); });
}

// [math.cosh]
Outcome evaluate_cosh(const Call& call) {
  return activate(call, [](auto x) { return real::cosh(x); });
}

// [math.asinh]
Outcome evaluate_asinh(const Call& call) {
  return activate(call, [](auto x) { return real::asinh(x); });
}

// [math.acosh]
Outcome evaluate_acosh(const Call& call) {
  return activate(call, [](auto x) { return real::acosh(x); });
}

// [math.atanh]
Outcome evaluate_atanh(const Call& call) {
  return activate(call, [](auto x) { return real::atanh(x); });
}

// [math.erf]
Outcome evaluate_erf(const Call& call) {
  return activate(call, [](auto x) { return real::erf(x); });
}

}  // namespace isotrace::reference
