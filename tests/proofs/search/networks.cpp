#include "networks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/rational.hpp>
#include <isotrace/executor/execute.hpp>

namespace isotrace::tests {

using core::Op;
using core::Tensor;
using core::ValueId;

Chain::Chain(core::Shape input) : input_(std::move(input)) {}

int Chain::constant(Tensor tensor) {
  constants_.push_back(std::move(tensor));
  return static_cast<int>(constants_.size()) - 1;
}

int Chain::floats(core::Shape shape, std::vector<float> values) {
  return constant(Tensor::of<float>(std::move(shape), std::span<const float>(values)));
}

int Chain::integers(std::vector<std::int64_t> values) {
  const core::Shape shape = {static_cast<std::int64_t>(values.size())};
  return constant(Tensor::of<std::int64_t>(shape, std::span<const std::int64_t>(values)));
}

Chain& Chain::then(Op op, std::vector<int> operands, std::vector<core::Attribute> attributes) {
  steps_.push_back({op, std::move(operands), std::move(attributes)});
  return *this;
}

Chain& Chain::gemm(int weights, int bias, float alpha, float beta, bool trans_b) {
  return then(Op::gemm, {-1, weights, bias},
              {{"alpha", alpha},
               {"beta", beta},
               {"k_segment", std::int64_t{256}},
               {"transA", std::int64_t{0}},
               {"transB", std::int64_t{trans_b ? 1 : 0}}});
}

core::Program Chain::build() const {
  core::Program program;
  program.inputs.push_back({"x", core::Dtype::f32, input_});
  program.constants = constants_;
  ValueId current = 0;
  auto next = static_cast<ValueId>(1 + constants_.size());
  for (const Step& step : steps_) {
    core::Node node;
    node.op = step.op;
    for (const int operand : step.operands) {
      node.inputs.push_back(operand < 0 ? current : static_cast<ValueId>(1 + operand));
    }
    node.outputs = {next};
    node.attributes = step.attributes;
    current = next++;
    program.nodes.push_back(std::move(node));
  }
  program.outputs.push_back({"y", current});
  const auto checked = core::check_program(program);
  EXPECT_TRUE(checked.has_value()) << (checked ? "" : core::describe(checked.error()));
  return program;
}

int Graph::constant(Tensor tensor) {
  constants_.push_back(std::move(tensor));
  return -1 - static_cast<int>(constants_.size());
}

int Graph::floats(core::Shape shape, const std::vector<float>& values) {
  return constant(Tensor::of<float>(std::move(shape), std::span<const float>(values)));
}

int Graph::integers(const std::vector<std::int64_t>& values) {
  const core::Shape shape = {static_cast<std::int64_t>(values.size())};
  return constant(Tensor::of<std::int64_t>(shape, std::span<const std::int64_t>(values)));
}

int Graph::node(Op op, std::vector<int> operands, std::vector<core::Attribute> attributes,
                int results) {
  Made made{op, std::move(operands), {}, std::move(attributes)};
  for (int r = 0; r < results; ++r) made.results.push_back(next_++);
  nodes_.push_back(std::move(made));
  return next_ - results;
}

core::Program Graph::build(const std::vector<int>& outputs) const {
  const auto number = [&](int value) {
    if (value == -1) return core::no_value;
    if (value < 0) return static_cast<ValueId>(-1 - value);
    return static_cast<ValueId>(value == 0 ? 0 : value + static_cast<int>(constants_.size()));
  };
  core::Program program;
  program.inputs.push_back({"x", dtype_, input_});
  program.constants = constants_;
  for (const Made& made : nodes_) {
    core::Node node{made.op, {}, {}, made.attributes, ""};
    for (const int operand : made.operands) node.inputs.push_back(number(operand));
    for (const int result : made.results) node.outputs.push_back(number(result));
    program.nodes.push_back(std::move(node));
  }
  for (const int output : outputs) {
    program.outputs.push_back({"y" + std::to_string(program.outputs.size()), number(output)});
  }
  return program;
}

float uniform(core::PhiloxStream& random) { return 2 * random.next_f32() - 1; }

std::vector<float> uniforms(core::PhiloxStream& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

core::Program random_dense(core::PhiloxStream& random, const std::vector<std::int64_t>& widths) {
  Chain chain({1, widths[0]});
  for (std::size_t k = 0; k + 1 < widths.size(); ++k) {
    const auto size = static_cast<std::size_t>(widths[k] * widths[k + 1]);
    const int weights = chain.floats({widths[k], widths[k + 1]}, uniforms(random, size));
    const int bias =
        chain.floats({widths[k + 1]}, uniforms(random, static_cast<std::size_t>(widths[k + 1])));
    chain.gemm(weights, bias);
    if (k + 2 < widths.size()) chain.relu();
  }
  return chain.build();
}

std::string box_property(std::size_t inputs, std::size_t outputs, const std::string& lower,
                         const std::string& upper, const std::string& unsafe) {
  std::string text;
  for (std::size_t i = 0; i < inputs; ++i) {
    text += "(declare-const X_" + std::to_string(i) + " Real)\n";
  }
  for (std::size_t i = 0; i < outputs; ++i) {
    text += "(declare-const Y_" + std::to_string(i) + " Real)\n";
  }
  for (std::size_t i = 0; i < inputs; ++i) {
    const std::string name = "X_" + std::to_string(i);
    text += "(assert (>= " + name + " " + lower + "))\n(assert (<= " + name + " " + upper + "))\n";
  }
  return text + unsafe;
}

std::vector<float> run_reference(const core::Program& program, const std::vector<float>& inputs) {
  const auto backend = backends::make_backend("reference", {});
  EXPECT_TRUE(backend.has_value());
  std::vector<executor::NamedTensor> given;
  given.push_back({program.inputs[0].name,
                   Tensor::of<float>(program.inputs[0].shape, std::span<const float>(inputs))});
  const auto outputs = executor::execute(program, given, **backend);
  EXPECT_TRUE(outputs.has_value()) << (outputs ? "" : core::describe(outputs.error()));
  if (!outputs) return {};
  const auto values = (*outputs)[0].value.data<float>();
  return {values.begin(), values.end()};
}

std::vector<double> run_network(const proofs::search::Network& network,
                                const std::vector<float>& inputs) {
  std::vector<double> x(inputs.begin(), inputs.end());
  for (const auto& layer : network.layers) {
    std::vector<double> y(layer.out);
    for (std::size_t o = 0; o < layer.out; ++o) {
      y[o] = layer.bias[o];
      layer.for_each_weight(o, [&](std::size_t i, double weight) { y[o] += weight * x[i]; });
      if (layer.activated && layer.activated_on[o] != 0) {
        y[o] = activate(layer.activation, y[o]);
      }
    }
    x = std::move(y);
  }
  std::vector<double> outputs;
  for (const std::uint32_t neuron : network.output_neurons) outputs.push_back(x[neuron]);
  return outputs;
}

std::string exact(float value) {
  const core::Rational ratio = core::exact_rational(double{value});
  const core::Integer top = numerator(ratio);
  const std::string size = core::Integer(abs(top)).str();
  return std::string("(/ ") + (top < 0 ? "(- 0 " + size + ")" : size) + " " +
         denominator(ratio).str() + ")";
}

std::string box_text(const std::vector<float>& low, const std::vector<float>& high,
                     std::size_t outputs) {
  std::string text;
  for (std::size_t i = 0; i < low.size(); ++i) {
    const std::string name = "X_" + std::to_string(i);
    text += "(declare-const " + name + " Real)\n(assert (>= " + name + " " + exact(low[i]) +
            "))\n(assert (<= " + name + " " + exact(high[i]) + "))\n";
  }
  for (std::size_t i = 0; i < outputs; ++i) {
    text += "(declare-const Y_" + std::to_string(i) + " Real)\n";
  }
  return text;
}

}  // namespace isotrace::tests
