// Activations and the elementary functions (docs/spec/activation.md): fixed sequences of binary32
// (or binary64) operations; f16 and bf16 are widened first and rounded once at the end.
#include <isotrace/reference/elementwise.hpp>
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
  return activate_single(call,
                         [](float x) { return maximum(x, 0.0F) + log1p(exp(-std::fabs(x))); });
}

// [activation.softsign]
Outcome evaluate_softsign(const Call& call) {
  return activate_float(call, [](auto x) { return x / (decltype(x){1} + std::fabs(x)); });
}

// [activation.tanh]
Outcome evaluate_tanh(const Call& call) {
  return activate_single(call, [](float x) { return tanh(x); });
}

// [math.exp]
Outcome evaluate_exp(const Call& call) {
  return activate_single(call, [](float x) { return exp(x); });
}

// [math.log]
Outcome evaluate_log(const Call& call) {
  return activate_single(call, [](float x) { return log(x); });
}

}  // namespace isotrace::reference
