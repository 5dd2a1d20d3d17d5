// Activations and elementary functions (docs/spec/activation.md, docs/spec/math.md): the sequences
// of the definition, step by step.
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;

/// max(x, 0) + log1p(exp(-|x|))
Made softplus(Work& work, const Array& x) {
  ISOTRACE_TRY(const Array magnitude, work.unary(Unary::absolute, x));
  ISOTRACE_TRY(const Array negated, work.unary(Unary::negate, magnitude));
  ISOTRACE_TRY(const Array decay, work.function(functions::exp, negated));
  ISOTRACE_TRY(const Array rest, work.function(functions::log1p, decay));
  // maximum(x, +0), with NaN kept.
  ISOTRACE_TRY(const Array positive, work.unary(Unary::clip, x, 0, greatest_of(x.dtype)));
  return work.binary(Binary::add, positive, rest);
}

/// 1 / (1 + exp(-x))
Made sigmoid(Work& work, const Array& x) {
  ISOTRACE_TRY(const Array negated, work.unary(Unary::negate, x));
  ISOTRACE_TRY(const Array power, work.function(functions::exp, negated));
  ISOTRACE_TRY(const Array divisor, work.unary(Unary::add, power, 1));
  return work.unary(Unary::reciprocal, divisor);
}

/// (0.5 x)(1 + f)
Made halve_and_gate(Work& work, const Array& x, const Array& f) {
  ISOTRACE_TRY(const Array gate, work.unary(Unary::add, f, 1));
  ISOTRACE_TRY(const Array half, work.unary(Unary::multiply, x, 0.5F));
  return work.binary(Binary::multiply, half, gate);
}

Made gelu(Work& work, const Array& x, const std::string& approximate) {
  if (approximate == "none") {
    ISOTRACE_TRY(const Array scaled, work.unary(Unary::multiply, x, 0x1.6a09e667f3bcdp-1));
    ISOTRACE_TRY(const Array f, work.function(functions::erf, scaled));
    return halve_and_gate(work, x, f);
  }
  if (approximate != "tanh") return reference::refuse_attribute("approximate " + approximate);
  ISOTRACE_TRY(const Array squared, work.binary(Binary::multiply, x, x));
  ISOTRACE_TRY(const Array small, work.unary(Unary::multiply, squared, 0.044715));
  ISOTRACE_TRY(const Array inner, work.multiply_add(small, x, x));
  ISOTRACE_TRY(const Array scaled, work.unary(Unary::multiply, inner, 0x1.9884533d43651p-1));
  ISOTRACE_TRY(const Array f, work.function(functions::tanh, scaled));
  return halve_and_gate(work, x, f);
}

/// q * (x >= 0 ? x : p * expm1(x / divisor))
Made exponential_below(Work& work, const Array& x, float p, float q, float divisor) {
  Array argument = x;
  if (divisor != 1) {
    ISOTRACE_TRY(argument, work.unary(Unary::divide_by, x, divisor));
  }
  ISOTRACE_TRY(const Array f, work.function(functions::expm1, argument));
  return work.binary(Binary::scaled_negative, x, f, p, q);
}

Made mish(Work& work, const Array& x) {
  ISOTRACE_TRY(const Array inner, softplus(work, x));
  ISOTRACE_TRY(const Array f, work.function(functions::tanh, inner));
  return work.binary(Binary::multiply, x, f);
}

/// The slope broadcasts to x, not the other way round.
Made prelu(DeviceCall& call, const Array& x) {
  ISOTRACE_CHECK(call.node().op == Op::prelu, static_cast<int>(call.node().op));
  ISOTRACE_TRY(const Array slope, call.wide(1));
  ISOTRACE_TRY_DONE(reference::check_broadcastable(slope.shape, x.shape));
  return call.work.binary(Binary::prelu, x, slope);
}

/// A parameter as an element of the data, in the type that is computed in.
Made parameter_of(DeviceCall& call, float value) {
  ISOTRACE_TRY(const Array number, call.work.number(core::Dtype::f32, value));
  ISOTRACE_TRY(const Array element, call.work.cast(number, call.dtype(), true));
  return call.work.widen(element);
}

/// x + bias below -lambd, x - bias above lambd, else 0, all integers.
Made shrink_integers(DeviceCall& call, const Array& x) {
  Work& work = call.work;
  const float lambd = call.node().real("lambd");
  ISOTRACE_TRY(const Array low, parameter_of(call, -lambd));
  ISOTRACE_TRY(const Array high, parameter_of(call, lambd));
  ISOTRACE_TRY(const Array bias, parameter_of(call, call.node().real("bias")));
  ISOTRACE_TRY(const Array zero, work.number(x.dtype, Parameter::of_integer(0)));
  ISOTRACE_TRY(const Array is_above, work.compare(Comparison::greater, x, high));
  ISOTRACE_TRY(const Array above, work.binary(Binary::subtract, x, bias));
  ISOTRACE_TRY(const Array rest, work.choose(is_above, above, zero));
  ISOTRACE_TRY(const Array is_below, work.compare(Comparison::less, x, low));
  ISOTRACE_TRY(const Array below, work.binary(Binary::add, x, bias));
  return work.choose(is_below, below, rest);
}

Made activate(DeviceCall& call) {
  const core::Node& node = call.node();
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.wide(0));
  if (const Function* function = find_function(node.op)) return work.function(*function, x);
  switch (node.op) {
    case Op::relu: return work.unary(Unary::relu, x);
    case Op::leaky_relu: return work.unary(Unary::leaky_relu, x, node.real("alpha"));
    case Op::hard_sigmoid:
      return work.unary(Unary::hard_sigmoid, x, node.real("alpha"), node.real("beta"));
    case Op::softsign: return work.unary(Unary::softsign, x);
    case Op::thresholded_relu: return work.unary(Unary::thresholded_relu, x, node.real("alpha"));
    case Op::shrink:
      if (!core::is_float(x.dtype)) return shrink_integers(call, x);
      return work.unary(Unary::shrink, x, node.real("lambd"), node.real("bias"));
    case Op::hard_swish: return work.unary(Unary::hard_swish, x);
    case Op::sigmoid: return sigmoid(work, x);
    case Op::softplus: return softplus(work, x);
    case Op::mish: return mish(work, x);
    case Op::gelu: return gelu(work, x, node.text("approximate"));
    case Op::elu: return exponential_below(work, x, node.real("alpha"), 1, 1);
    case Op::selu: return exponential_below(work, x, node.real("alpha"), node.real("gamma"), 1);
    case Op::celu: return exponential_below(work, x, node.real("alpha"), 1, node.real("alpha"));
    default: return prelu(call, x);
  }
}

}  // namespace

Made apply_activation(Work& work, std::string_view name, const Array& x, float alpha, float beta) {
  if (name == "Relu") return work.unary(Unary::relu, x);
  if (name == "Tanh") return work.function(functions::tanh, x);
  if (name == "Sigmoid") return sigmoid(work, x);
  if (name == "LeakyRelu") return work.unary(Unary::leaky_relu, x, alpha);
  if (name == "HardSigmoid") return work.unary(Unary::hard_sigmoid, x, alpha, beta);
  if (name == "Elu") return exponential_below(work, x, alpha, 1, 1);
  if (name == "Softsign") return work.unary(Unary::softsign, x);
  if (name == "Softplus") return softplus(work, x);
  if (name == "ScaledTanh") {
    ISOTRACE_TRY(const Array scaled, work.unary(Unary::multiply, x, beta));
    ISOTRACE_TRY(const Array f, work.function(functions::tanh, scaled));
    return work.unary(Unary::multiply, f, alpha);
  }
  if (name == "ThresholdedRelu") {  // which keeps NaN, unlike the operation of that name
    ISOTRACE_TRY(const Array threshold, work.number(x.dtype, alpha));
    ISOTRACE_TRY(const Array zero, work.number(x.dtype, 0));
    ISOTRACE_TRY(const Array below, work.compare(Comparison::less_or_equal, x, threshold));
    return work.choose(below, zero, x);
  }
  ISOTRACE_CHECK(name == "Affine", name);
  ISOTRACE_TRY(const Array scaled, work.unary(Unary::multiply, x, alpha));
  return work.unary(Unary::add, scaled, beta);
}

Results run_activation(DeviceCall& call) { return one(call.narrow(activate(call))); }

}  // namespace isotrace::backends::gpu
