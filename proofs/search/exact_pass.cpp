#include <isotrace/proofs/search/exact_pass.hpp>

#include <bit>
#include <cmath>

namespace isotrace::proofs::search {
namespace {

using core::Integer;
using core::Rational;

constexpr std::size_t weights_max = std::size_t{1} << 16;
constexpr int digits = 53;

std::uint64_t mantissa_of(double value, int& exponent) {
  const double mantissa = std::frexp(std::fabs(value), &exponent);
  exponent -= digits;
  return static_cast<std::uint64_t>(std::ldexp(mantissa, digits));
}

/// The exponent of the last bit that is set in a number other than 0.
int last_bit(double value) {
  int exponent = 0;
  const std::uint64_t mantissa = mantissa_of(value, exponent);
  return exponent + std::countr_zero(mantissa);
}

/// value / 2^exponent, where that is an integer.
Integer scaled(double value, int exponent) {
  int own = 0;
  Integer number = mantissa_of(value, own);
  own -= exponent;
  if (own >= 0) {
    number <<= static_cast<unsigned>(own);
  } else {
    number >>= static_cast<unsigned>(-own);
  }
  return value < 0 ? Integer(-number) : number;
}

/// The forms of a layer before its activation.
ExactForms pass_affine(const Layer& layer, const ExactForms& inputs) {
  int weight_exponent = 0;
  int exponent = inputs.exponent;
  for (std::size_t o = 0; o < layer.out; ++o) {
    if (layer.bias[o] != 0) exponent = std::min(exponent, last_bit(layer.bias[o]));
    layer.for_each_weight(o, [&](std::size_t, double weight) {
      if (weight != 0) weight_exponent = std::min(weight_exponent, last_bit(weight));
    });
  }
  ExactForms sums;
  sums.variables = inputs.variables;
  sums.exponent = std::min(exponent, inputs.exponent + weight_exponent);
  const std::size_t width = inputs.variables + 1;
  sums.numbers.resize(layer.out * width);
  for (std::size_t o = 0; o < layer.out; ++o) {
    Integer* sum = sums.numbers.data() + o * width;
    layer.for_each_weight(o, [&](std::size_t i, double weight) {
      if (weight == 0) return;
      const Integer factor = scaled(weight, sums.exponent - inputs.exponent);
      const Integer* term = inputs.row(i);
      for (std::size_t j = 0; j < width; ++j) {
        if (term[j] != 0) sum[j] += factor * term[j];
      }
    });
    if (layer.bias[o] != 0) sum[width - 1] += scaled(layer.bias[o], sums.exponent);
  }
  return sums;
}

}  // namespace

bool has_exact_passes(const Network& network) {
  std::size_t weights = 0;
  for (const Layer& layer : network.layers) {
    if (layer.activated && layer.activation != Activation::relu) return false;
    switch (layer.kind) {
      case Layer::Kind::dense: weights += layer.out * layer.in; break;
      case Layer::Kind::sparse: weights += layer.sparse.weights.size(); break;
      case Layer::Kind::diagonal: weights += layer.out; break;
    }
  }
  return weights <= weights_max && !network.order_only;
}

Rational ExactForms::value(const Integer& number) const {
  const Integer power = Integer(1) << static_cast<unsigned>(std::abs(exponent));
  return exponent < 0 ? Rational(number, power) : Rational(Integer(number * power));
}

ExactForms exact_constants(const std::vector<float>& values) {
  ExactForms forms;
  for (const float value : values) {
    if (value != 0) forms.exponent = std::min(forms.exponent, last_bit(value));
  }
  for (const float value : values) {
    forms.numbers.push_back(value == 0 ? Integer(0) : scaled(value, forms.exponent));
  }
  return forms;
}

ExactForms exact_variables(std::size_t count) {
  ExactForms forms;
  forms.variables = count;
  forms.numbers.resize(count * (count + 1));
  for (std::size_t i = 0; i < count; ++i) forms.numbers[i * (count + 1) + i] = 1;
  return forms;
}

std::optional<ExactForms> pass_exactly(const Network& network, ExactForms inputs,
                                       const SignOf& sign_of) {
  ExactForms forms = std::move(inputs);
  const std::size_t width = forms.variables + 1;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    const Layer& layer = network.layers[k];
    forms = pass_affine(layer, forms);
    if (!layer.activated) continue;
    std::vector<std::size_t> cleared;
    for (const std::uint32_t i : layer.relu_order) {
      const int sign = sign_of(k, i, forms);
      if (sign == 0) return std::nullopt;
      if (sign < 0) cleared.push_back(i);
    }
    for (const std::size_t i : cleared) {
      std::fill_n(forms.numbers.begin() + static_cast<std::ptrdiff_t>(i * width), width, 0);
    }
  }
  return forms;
}

bool holds_exactly(const Network& network, const Case& unsafe, const std::vector<float>& x) {
  const auto outputs = pass_exactly(
      network, exact_constants(x),
      [](std::size_t, std::size_t i, const auto& z) { return *z.row(i) < 0 ? -1 : 1; });
  for (const LinearRow& row : unsafe.rows) {
    Rational sum = -row.bound;
    for (const Term& term : row.terms) {
      sum += term.coefficient * outputs->value(*outputs->row(network.output_neurons[term.index]));
    }
    for (const Term& term : row.input_terms) {
      sum += term.coefficient * core::exact_rational(x[term.index]);
    }
    if (sum > 0 || (row.strict && sum == 0)) return false;
  }
  return true;
}

}  // namespace isotrace::proofs::search
