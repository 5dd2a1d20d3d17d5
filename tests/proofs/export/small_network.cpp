#include "tests/proofs/export/small_network.hpp"

#include <cmath>
#include <functional>

#include <isotrace/core/philox.hpp>

namespace isotrace::tests {

using core::Op;
using core::ValueId;

ProgramBuilder::ProgramBuilder(core::Shape input) {
  program_.inputs.push_back({"x", core::Dtype::f32, std::move(input)});
}

ValueId ProgramBuilder::constant(core::Shape shape, std::vector<float> values) {
  ISOTRACE_CHECK(program_.nodes.empty());
  program_.constants.push_back(
      core::Tensor::of<float>(std::move(shape), std::span<const float>(values)));
  return static_cast<ValueId>(program_.constants.size());
}

ValueId ProgramBuilder::integers(std::vector<std::int64_t> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  program_.constants.push_back(
      core::Tensor::of<std::int64_t>({size}, std::span<const std::int64_t>(values)));
  return static_cast<ValueId>(program_.constants.size());
}

ValueId ProgramBuilder::node(Op op, std::vector<ValueId> inputs,
                             std::vector<core::Attribute> attributes) {
  const auto result = static_cast<ValueId>(1 + program_.constants.size() + program_.nodes.size());
  program_.nodes.push_back({op, std::move(inputs), {result}, std::move(attributes), ""});
  return result;
}

core::Program ProgramBuilder::finish() {
  program_.outputs.push_back({"y", program_.nodes.back().outputs[0]});
  return program_;
}

ValueId input_value() { return 0; }

core::Program dense_network(const std::vector<std::int64_t>& sizes, std::uint64_t seed) {
  core::PhiloxStream random(seed, 0, 0);
  // Sums of four uniform numbers: enough like the weights of a trained network.
  const auto draw = [&](double scale) {
    double sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<double>(random.next_u32()) / 4294967296.0 - 0.5;
    return static_cast<float>(sum * scale);
  };
  ProgramBuilder builder({1, sizes[0]});
  std::vector<std::pair<ValueId, ValueId>> layers;
  for (std::size_t k = 0; k + 1 < sizes.size(); ++k) {
    std::vector<float> weights(static_cast<std::size_t>(sizes[k] * sizes[k + 1]));
    std::vector<float> biases(static_cast<std::size_t>(sizes[k + 1]));
    for (float& weight : weights) weight = draw(1.7 / std::sqrt(static_cast<double>(sizes[k])));
    for (float& bias : biases) bias = draw(0.3);
    const ValueId w = builder.constant({sizes[k], sizes[k + 1]}, weights);
    layers.emplace_back(w, builder.constant({sizes[k + 1]}, biases));
  }
  ValueId value = input_value();
  for (std::size_t k = 0; k < layers.size(); ++k) {
    value = builder.node(Op::matmul, {value, layers[k].first}, {{"k_segment", std::int64_t{256}}});
    value = builder.node(Op::add, {value, layers[k].second});
    if (k + 1 < layers.size()) value = builder.node(Op::relu, {value});
  }
  return builder.finish();
}

std::vector<double> evaluate_dense(const core::Program& program, std::vector<double> x) {
  const std::size_t layers = program.constants.size() / 2;
  for (std::size_t k = 0; k < layers; ++k) {
    const auto w = program.constants[2 * k].data<float>();
    const auto b = program.constants[2 * k + 1].data<float>();
    std::vector<double> y(b.begin(), b.end());
    for (std::size_t j = 0; j < y.size(); ++j) {
      for (std::size_t i = 0; i < x.size(); ++i)
        y[j] += x[i] * static_cast<double>(w[i * y.size() + j]);
      if (k + 1 < layers) y[j] = std::max(0.0, y[j]);
    }
    x = std::move(y);
  }
  return x;
}

std::string lower_bound_property(std::size_t inputs, std::size_t outputs,
                                 const std::string& bound) {
  std::string text;
  for (std::size_t i = 0; i < inputs; ++i)
    text += "(declare-const X_" + std::to_string(i) + " Real)\n";
  for (std::size_t i = 0; i < outputs; ++i)
    text += "(declare-const Y_" + std::to_string(i) + " Real)\n";
  for (std::size_t i = 0; i < inputs; ++i) {
    const std::string x = "X_" + std::to_string(i);
    text += "(assert (>= " + x + " -1.0))\n(assert (<= " + x + " 1.0))\n";
  }
  return text + "(assert (<= Y_0 " + bound + "))\n";
}

proofs::CaseProof halving_tree(std::size_t inputs, int depth) {
  proofs::CaseProof proof;
  std::vector<std::pair<double, double>> box(inputs, {-1, 1});
  std::function<void(int)> grow = [&](int level) {
    if (level == depth) {
      proofs::ProofNode leaf;
      leaf.multipliers = {1.0};
      proof.nodes.push_back(leaf);
      return;
    }
    const std::size_t dimension = static_cast<std::size_t>(level) % inputs;
    const auto range = box[dimension];
    const double middle = (range.first + range.second) / 2;
    proof.nodes.push_back(
        {proofs::ProofNode::Kind::split, static_cast<std::uint32_t>(dimension), middle, {}, {}});
    box[dimension] = {range.first, middle};
    grow(level + 1);
    box[dimension] = {middle, range.second};
    grow(level + 1);
    box[dimension] = range;
  };
  grow(0);
  return proof;
}

proofs::Proof make_proof(const core::Program& program, std::string property,
                         proofs::CaseProof tree) {
  proofs::Proof proof;
  proof.semantics = std::string(core::semantics_id);
  proof.program = core::write_program(program);
  proof.property_text = std::move(property);
  proof.cases.push_back(std::move(tree));
  return proof;
}

}  // namespace isotrace::tests
