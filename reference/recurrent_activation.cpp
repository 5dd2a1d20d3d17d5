// Activations of recurrent layers: the sequences of docs/spec/activation.md in f32 and f64.
#include <isotrace/reference/recurrent_activation.hpp>

#include <algorithm>

#include <isotrace/reference/math/real.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {
namespace {

template <class R>
R relu(R x, R, R) {
  return x > 0 || x != x ? x : R{0};
}
template <class R>
R tanh_of(R x, R, R) {
  return real::tanh(x);
}
template <class R>
R sigmoid(R x, R, R) {
  return R{1} / (R{1} + real::exp(-x));
}
template <class R>
R affine(R x, R alpha, R beta) {
  return alpha * x + beta;
}
template <class R>
R leaky_relu(R x, R alpha, R) {
  return x < 0 ? alpha * x : x;
}
template <class R>
R thresholded_relu(R x, R alpha, R) {
  return x > alpha || x != x ? x : R{0};
}
template <class R>
R scaled_tanh(R x, R alpha, R beta) {
  return alpha * real::tanh(beta * x);
}
template <class R>
R hard_sigmoid(R x, R alpha, R beta) {
  return maximum(R{0}, minimum(R{1}, alpha * x + beta));
}
template <class R>
R elu(R x, R alpha, R) {
  return x >= 0 ? x : alpha * real::expm1(x);
}
template <class R>
R softsign(R x, R, R) {
  return x / (R{1} + std::fabs(x));
}
template <class R>
R softplus(R x, R, R) {
  return maximum(x, R{0}) + real::log1p(real::exp(-std::fabs(x)));
}

constexpr RecurrentActivationInfo functions[] = {
    {"Relu", 0, 0, 0, relu<float>, relu<double>},
    {"Tanh", 0, 0, 0, tanh_of<float>, tanh_of<double>},
    {"Sigmoid", 0, 0, 0, sigmoid<float>, sigmoid<double>},
    {"Affine", 2, 1, 0, affine<float>, affine<double>},
    {"LeakyRelu", 1, 0.01F, 0, leaky_relu<float>, leaky_relu<double>},
    {"ThresholdedRelu", 1, 1, 0, thresholded_relu<float>, thresholded_relu<double>},
    {"ScaledTanh", 2, 1, 1, scaled_tanh<float>, scaled_tanh<double>},
    {"HardSigmoid", 2, 0.2F, 0.5F, hard_sigmoid<float>, hard_sigmoid<double>},
    {"Elu", 1, 1, 0, elu<float>, elu<double>},
    {"Softsign", 0, 0, 0, softsign<float>, softsign<double>},
    {"Softplus", 0, 0, 0, softplus<float>, softplus<double>},
};

}  // namespace

const RecurrentActivationInfo* find_recurrent_activation(std::string_view name) {
  const auto* found = std::ranges::find(functions, name, &RecurrentActivationInfo::name);
  return found == std::end(functions) ? nullptr : found;
}

Result<std::vector<RecurrentActivation>> read_recurrent_activations(const core::Node& node,
                                                                    std::size_t count) {
  const std::vector<float>& alphas = node.reals("activation_alpha");
  const std::vector<float>& betas = node.reals("activation_beta");
  if (alphas.size() != count || betas.size() != count) {
    return refuse_attribute("activation_alpha and activation_beta: not " + std::to_string(count) +
                            " numbers");
  }
  std::vector<RecurrentActivation> result;
  std::string_view rest = node.text("activations");
  while (!rest.empty() && result.size() < count) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    const RecurrentActivationInfo* info = find_recurrent_activation(name);
    if (info == nullptr) return refuse_attribute("activation " + std::string(name));
    result.push_back(
        {info->function, info->wide_function, alphas[result.size()], betas[result.size()]});
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  if (result.size() != count || !rest.empty()) {
    return refuse_attribute("not " + std::to_string(count) + " activations");
  }
  return result;
}

}  // namespace isotrace::reference
