// Small programs for the checker's tests, and their evaluation in binary32 in several orders of
// summation - written apart from the checker's own reading of programs.
#pragma once

#include <isotrace/core/philox.hpp>
#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::tests {

/// Makes chain programs: every node works on the result of the one before.
class ChainBuilder {
 public:
  explicit ChainBuilder(core::Shape input);

  core::ValueId constant(core::Tensor tensor);
  /// The chain's value is put in front of `others`, or after them.
  ChainBuilder& node(core::Op op, std::vector<core::ValueId> others = {},
                     std::vector<core::Attribute> attributes = {}, bool chain_last = false);
  ChainBuilder& matmul(core::Shape shape, const std::vector<float>& weights);
  ChainBuilder& elementwise(core::Op op, core::Shape shape, const std::vector<float>& values,
                            bool chain_last = false);
  ChainBuilder& gemm(core::Shape shape, const std::vector<float>& weights,
                     const std::vector<float>& bias, bool transpose, float alpha = 1,
                     float beta = 1);
  /// One or two spatial axes; strides and dilations 1 where the lists are empty.
  ChainBuilder& conv(core::Shape shape, const std::vector<float>& weights,
                     const std::vector<float>& bias, std::vector<std::int64_t> pads,
                     std::vector<std::int64_t> strides = {}, std::int64_t group = 1);
  ChainBuilder& relu() { return node(core::Op::relu); }

  /// Values are renumbered: constants may be added between nodes.
  [[nodiscard]] core::Program program() const;

 private:
  struct Step {
    core::Op op;
    std::vector<core::ValueId> others;  ///< by constant index
    std::vector<core::Attribute> attributes;
    bool chain_last;
  };
  core::Shape input_;
  std::vector<core::Tensor> constants_;
  std::vector<Step> steps_;
};

enum class Order { sequential_fma, sequential, reversed, pairwise, bias_first, shuffled };
inline constexpr Order all_orders[] = {Order::sequential_fma, Order::sequential, Order::reversed,
                                       Order::pairwise,       Order::bias_first, Order::shuffled};

/// Evaluates a program made by ChainBuilder; sums are taken in the given order.
std::vector<float> evaluate(const core::Program& program, const std::vector<float>& input,
                            Order order);
/// The same in binary64, as a stand-in for real arithmetic.
std::vector<double> evaluate_real(const core::Program& program, const std::vector<float>& input);

/// Values uniform in [-scale, scale).
std::vector<float> random_floats(core::PhiloxStream& random, std::size_t count, float scale);

/// MatMul, Add, Relu for each hidden layer; MatMul and Add at the end.
core::Program dense_net(core::PhiloxStream& random, const std::vector<std::int64_t>& widths);

/// y = relu(relu(x + c) - c).
core::Program trap(float c);

/// Declarations, the same range for every input, and assertions.
std::string property_text(std::size_t inputs, std::size_t outputs, const std::string& low,
                          const std::string& high, const std::string& assertions);

proofs::ProofNode make_split(std::uint32_t dimension, double at);
proofs::ProofNode make_leaf(std::vector<double> multipliers, std::vector<std::uint8_t> slopes = {});
proofs::Proof make_proof(const core::Program& program, std::string property,
                         std::vector<proofs::CaseProof> cases,
                         proofs::Level level = proofs::Level::any_order);
/// A full tree that halves dimension 0 of [low, high] `depth` times.
proofs::CaseProof bisected(double low, double high, int depth, const proofs::ProofNode& leaf);

}  // namespace isotrace::tests
