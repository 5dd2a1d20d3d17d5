// Activations of recurrent layers: the sequences of docs/spec/activation.md in f32.
#include <isotrace/reference/recurrent_activation.hpp>

#include <algorithm>

#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {
namespace {

float relu(float x, float, float) { return x > 0 || x != x ? x : 0.0F; }
float tanh_of(float x, float, float) { return tanh(x); }
float sigmoid(float x, float, float) { return 1.0F / (1.0F + exp(-x)); }
float affine(float x, float alpha, float beta) { return alpha * x + beta; }
float leaky_relu(float x, float alpha, float) { return x < 0 ? alpha * x : x; }
float thresholded_relu(float x, float alpha, float) { return x > alpha || x != x ? x : 0.0F; }
float scaled_tanh(float x, float alpha, float beta) { return alpha * tanh(beta * x); }
float hard_sigmoid(float x, float alpha, float beta) {
  return maximum(0.0F, minimum(1.0F, alpha * x + beta));
}
float elu(float x, float alpha, float) { return x >= 0 ? x : alpha * expm1(x); }
float softsign(float x, float, float) { return x / (1.0F + std::fabs(x)); }
float softplus(float x, float, float) { return maximum(x, 0.0F) + log1p(exp(-std::fabs(x))); }

constexpr RecurrentActivationInfo functions[] = {
    {"Relu", 0, 0, 0, relu},
    {"Tanh", 0, 0, 0, tanh_of},
    {"Sigmoid", 0, 0, 0, sigmoid},
    {"Affine", 2, 1, 0, affine},
    {"LeakyRelu", 1, 0.01F, 0, leaky_relu},
    {"ThresholdedRelu", 1, 1, 0, thresholded_relu},
    {"ScaledTanh", 2, 1, 1, scaled_tanh},
    {"HardSigmoid", 2, 0.2F, 0.5F, hard_sigmoid},
    {"Elu", 1, 1, 0, elu},
    {"Softsign", 0, 0, 0, softsign},
    {"Softplus", 0, 0, 0, softplus},
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
    result.push_back({info->function, alphas[result.size()], betas[result.size()]});
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  if (result.size() != count || !rest.empty()) {
    return refuse_attribute("not " + std::to_string(count) + " activations");
  }
  return result;
}

}  // namespace isotrace::reference
