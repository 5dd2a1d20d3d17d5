// Proofs that split ReLUs by sign: found for networks with many inputs, and refused when changed.
#include <algorithm>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using Kind = ProofNode::Kind;

constexpr std::size_t inputs = 30;

/// s = x0 + ... + x29; y = relu(s) - relu(-s) - s, which is 0: no single relaxation sees it.
core::Program zero() {
  tests::Graph graph({1, inputs});
  std::vector<float> weights;
  for (std::size_t i = 0; i < inputs; ++i) {
    weights.push_back(1);
    weights.push_back(-1);
  }
  const std::vector<core::Attribute> segment = {{"k_segment", std::int64_t{256}}};
  const int both = graph.node(Op::matmul, {0, graph.floats({inputs, 2}, weights)}, segment);
  const int relu = graph.node(Op::relu, {both});
  const int joined = graph.node(Op::concat, {relu, both}, {{"axis", std::int64_t{1}}});
  const int y = graph.node(Op::matmul, {joined, graph.floats({4, 1}, {1, -1, -1, 0})}, segment);
  return graph.build({y});
}

Proof prove_zero() {
  const std::string text = tests::box_property(
      inputs, 1, "-1", "1", "(assert (or (not (<= Y_0 0.01)) (not (>= Y_0 -0.01))))\n");
  const auto outcome = prove(zero(), text, {});
  EXPECT_TRUE(outcome);
  if (!outcome) return {};
  EXPECT_EQ(outcome->kind, ProveOutcome::Kind::proved) << outcome->detail;
  return outcome->proof;
}

bool accepted(const Proof& proof) {
  const auto report = check_proof(proof);
  return report && report->verdict.accepted();
}

TEST(SignSplits, trees_of_cases_that_share_a_box_are_those_of_each_case_alone) {
  const Proof both = prove_zero();
  ASSERT_EQ(both.cases.size(), 2U);
  const char* const unsafe[] = {"(assert (not (<= Y_0 0.01)))\n",
                                "(assert (not (>= Y_0 -0.01)))\n"};
  for (std::size_t c = 0; c < 2; ++c) {
    const auto alone = prove(zero(), tests::box_property(inputs, 1, "-1", "1", unsafe[c]), {});
    ASSERT_TRUE(alone);
    ASSERT_EQ(alone->proof.cases.size(), 1U);
    EXPECT_EQ(both.cases[c], alone->proof.cases[0]);
  }
}

TEST(SignSplits, prove_what_no_relaxation_shows) {
  const Proof proof = prove_zero();
  ASSERT_EQ(proof.cases.size(), 2U);
  std::size_t splits = 0;
  for (const ProofNode& node : proof.cases[0].nodes) splits += node.kind == Kind::sign_split;
  EXPECT_GT(splits, 0U);
  EXPECT_TRUE(accepted(proof));
  const auto read = parse_proof(write_proof(proof));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cases, proof.cases);
}

TEST(SignSplits, changed_proofs_are_rejected) {
  const Proof proof = prove_zero();
  ASSERT_FALSE(proof.cases.empty());
  const auto& nodes = proof.cases[0].nodes;
  const auto split = static_cast<std::size_t>(
      std::find_if(nodes.begin(), nodes.end(),
                   [](const ProofNode& node) { return node.kind == Kind::sign_split; }) -
      nodes.begin());
  ASSERT_LT(split, nodes.size());
  Proof changed = proof;
  changed.cases[0].nodes[split].dimension = 2;
  EXPECT_FALSE(accepted(changed)) << "there are two ReLU elements";
  changed = proof;
  changed.cases[0].nodes[split].dimension ^= 1U;
  EXPECT_FALSE(accepted(changed) && changed.cases[0].nodes == nodes);
  changed = proof;
  changed.cases[0].nodes.pop_back();
  EXPECT_FALSE(accepted(changed)) << "a dropped leaf";
  changed = proof;
  changed.cases[0].nodes[split].kind = Kind::leaf;
  changed.cases[0].nodes[split].multipliers = {1};
  changed.cases[0].nodes.resize(split + 1);
  EXPECT_FALSE(accepted(changed)) << "a leaf in place of the split";
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n].multipliers.size() < 2) continue;
    changed = proof;
    changed.cases[0].nodes[n].multipliers.push_back(1);
    EXPECT_FALSE(accepted(changed)) << "more multipliers than splits";
    changed = proof;
    changed.cases[0].nodes[n].multipliers[1] = -1;
    EXPECT_FALSE(accepted(changed)) << "a negative multiplier";
  }
}

TEST(SignSplits, decide_random_networks_with_many_inputs) {
  core::PhiloxStream random(41);
  for (int net = 0; net < 6; ++net) {
    const core::Program program = tests::random_dense(random, {40, 16, 12, 2});
    double greatest = -1e300;
    for (int i = 0; i < 300; ++i) {
      auto x = tests::uniforms(random, 40);
      for (float& v : x) v = v < 0 ? -0.02F : 0.02F;
      greatest = std::max(greatest, double{tests::run_reference(program, x)[0]});
    }
    const auto ask = [&](double limit) {
      ProveOptions options;
      options.nodes_max = 3000;
      const auto outcome =
          prove(program,
                tests::box_property(40, 2, "-0.02", "0.02",
                                    "(assert (>= Y_0 " + std::to_string(limit) + "))\n"),
                options);
      return outcome ? outcome->kind : ProveOutcome::Kind::undecided;
    };
    EXPECT_EQ(ask(greatest + 1), ProveOutcome::Kind::proved);
    EXPECT_EQ(ask(greatest - 0.01), ProveOutcome::Kind::violated);
  }
}

}  // namespace
}  // namespace isotrace::proofs
