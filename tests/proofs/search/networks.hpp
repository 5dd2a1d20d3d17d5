// Programs and properties built by hand.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/philox.hpp>
#include <isotrace/core/program.hpp>
#include <isotrace/proofs/search/network.hpp>

namespace isotrace::tests {

/// A program as a chain: each operation takes the result of the one before it.
class Chain {
 public:
  explicit Chain(core::Shape input);

  /// Adds a constant; returns its number for `then`.
  int constant(core::Tensor tensor);
  int floats(core::Shape shape, std::vector<float> values);
  int integers(std::vector<std::int64_t> values);

  /// Adds an operation; operand -1 is the chain's value, others are constants.
  Chain& then(core::Op op, std::vector<int> operands, std::vector<core::Attribute> attributes = {});
  Chain& gemm(int weights, int bias, float alpha = 1, float beta = 1, bool trans_b = false);
  Chain& relu() { return then(core::Op::relu, {-1}); }

  [[nodiscard]] core::Program build() const;

 private:
  struct Step {
    core::Op op;
    std::vector<int> operands;
    std::vector<core::Attribute> attributes;
  };
  core::Shape input_;
  std::vector<core::Tensor> constants_;
  std::vector<Step> steps_;
};

/// A program as a graph: every value has a number, which later nodes use.
class Graph {
 public:
  explicit Graph(core::Shape shape, core::Dtype dtype = core::Dtype::f32)
      : input_(std::move(shape)), dtype_(dtype) {}
  static constexpr int input = 0;

  int constant(core::Tensor tensor);
  int floats(core::Shape shape, const std::vector<float>& values);
  int integers(const std::vector<std::int64_t>& values);
  /// Returns the number of the first result; further ones follow. Operand -1 is left out.
  int node(core::Op op, std::vector<int> operands, std::vector<core::Attribute> attributes = {},
           int results = 1);
  [[nodiscard]] core::Program build(const std::vector<int>& outputs) const;

 private:
  struct Made {
    core::Op op;
    std::vector<int> operands;
    std::vector<int> results;
    std::vector<core::Attribute> attributes;
  };
  core::Shape input_;
  core::Dtype dtype_;
  std::vector<core::Tensor> constants_;
  std::vector<Made> nodes_;
  int next_ = 1;  ///< numbers of results; constant c is -2 - c
};

/// Uniform in [-1, 1].
float uniform(core::PhiloxStream& random);
std::vector<float> uniforms(core::PhiloxStream& random, std::size_t count);

/// Gemm and ReLU through these widths, the last one without ReLU.
core::Program random_dense(core::PhiloxStream& random, const std::vector<std::int64_t>& widths);

/// VNN-LIB text: all inputs in [lower, upper], and the given assertions about Y.
std::string box_property(std::size_t inputs, std::size_t outputs, const std::string& lower,
                         const std::string& upper, const std::string& unsafe);

/// The program's outputs on the reference backend.
std::vector<float> run_reference(const core::Program& program, const std::vector<float>& inputs);
/// The network's outputs in binary64, in the program's order.
std::vector<double> run_network(const proofs::search::Network& network,
                                const std::vector<float>& inputs);

/// The exact number, as VNN-LIB writes it.
std::string exact(float value);

/// The same with a range of its own for each input, and no assertions about Y yet.
std::string box_text(const std::vector<float>& low, const std::vector<float>& high,
                     std::size_t outputs);

}  // namespace isotrace::tests
