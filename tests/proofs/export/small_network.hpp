// Small networks and proofs about them, for tests of exports.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::tests {

/// Builds a program node by node: one f32 input, values named by number.
class ProgramBuilder {
 public:
  explicit ProgramBuilder(core::Shape input);

  /// Constants come before nodes.
  core::ValueId constant(core::Shape shape, std::vector<float> values);
  core::ValueId integers(std::vector<std::int64_t> values);
  core::ValueId node(core::Op op, std::vector<core::ValueId> inputs,
                     std::vector<core::Attribute> attributes = {});
  /// The program whose output is the newest value.
  core::Program finish();

 private:
  core::Program program_;
};

core::ValueId input_value();

/// x -> relu(x W + b) ... -> y with pseudo-random weights; sizes {2, 16, 16, 1}.
core::Program dense_network(const std::vector<std::int64_t>& sizes, std::uint64_t seed);

/// What the program computes in binary64, for choosing bounds that are true.
std::vector<double> evaluate_dense(const core::Program& program, std::vector<double> x);

/// "Unsafe: -1 <= X_i <= 1 and Y_0 <= bound".
std::string lower_bound_property(std::size_t inputs, std::size_t outputs, const std::string& bound);

/// A full tree that halves [-1, 1] in every dimension in turn, `depth` times, with multiplier 1.
proofs::CaseProof halving_tree(std::size_t inputs, int depth);

proofs::Proof make_proof(const core::Program& program, std::string property,
                         proofs::CaseProof tree);

}  // namespace isotrace::tests
