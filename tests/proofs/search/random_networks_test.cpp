// Verdicts on random tiny networks against dense sampling of the reference.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using Kind = ProveOutcome::Kind;

TEST(RandomNetworks, nothing_is_proved_that_a_sample_violates) {
  core::PhiloxStream random(31);
  int count[3] = {};
  for (int round = 0; round < 60; ++round) {
    const core::Program program = tests::random_dense(random, {2, 6, 5, 2});
    const std::string limit = std::to_string(2.5F * tests::uniform(random) - 1);
    const std::string text = tests::box_property(
        2, 2, "-0.5", "0.5",
        "(assert (or (and (<= Y_0 " + limit + ") (<= Y_1 Y_0)) (and (<= Y_1 " + limit + "))))\n");
    const auto outcome = prove(program, text, {});
    ASSERT_TRUE(outcome.has_value()) << core::describe(outcome.error());
    ++count[static_cast<int>(outcome->kind)];
    const Property property = *parse_vnnlib(text);
    if (outcome->kind == Kind::violated) {
      const Counterexample& found = outcome->proof.counterexample;
      const auto outputs = tests::run_reference(program, found.inputs);
      EXPECT_EQ(outputs, found.outputs);
      EXPECT_EQ(find_violated_case(property, found.inputs, outputs), found.violated_case);
      continue;
    }
    if (outcome->kind != Kind::proved) continue;
    for (int i = 0; i <= 24; ++i) {
      for (int j = 0; j <= 24; ++j) {
        const std::vector<float> x = {-0.5F + static_cast<float>(i) / 24,
                                      -0.5F + static_cast<float>(j) / 24};
        const auto y = tests::run_reference(program, x);
        EXPECT_FALSE(find_violated_case(property, x, y).has_value())
            << "round " << round << " x " << x[0] << ' ' << x[1];
      }
    }
  }
  EXPECT_GT(count[static_cast<int>(Kind::proved)], 10);
  EXPECT_GT(count[static_cast<int>(Kind::violated)], 10);
  EXPECT_LE(count[static_cast<int>(Kind::undecided)], 2);
}

TEST(RandomNetworks, clips_change_no_verdict_and_depend_on_no_jobs) {
  core::PhiloxStream random(32);
  std::size_t clips = 0;
  for (int round = 0; round < 40; ++round) {
    const core::Program program = tests::random_dense(random, {3, 16, 12, 2});
    const std::string limit = std::to_string(0.2F + 2 * std::fabs(tests::uniform(random)));
    const std::string text = tests::box_property(
        3, 2, "-0.5", "0.5",
        "(assert (or (and (<= Y_0 -" + limit + ") (<= Y_1 Y_0)) (>= Y_1 " + limit + ")))\n");
    ProveOptions options;
    options.plain_boxes = ProveOptions::no_clips;
    const auto plain = prove(program, text, options);
    options.plain_boxes = 0;
    const auto clipped = prove(program, text, options);
    options.jobs = 3;
    const auto again = prove(program, text, options);
    ASSERT_TRUE(plain && clipped && again);
    EXPECT_EQ(plain->kind, clipped->kind) << "round " << round;
    EXPECT_EQ(proof_digest(clipped->proof), proof_digest(again->proof));
    const auto is_clip = [](const ProofNode& node) {
      return node.kind == ProofNode::Kind::clipped_split;
    };
    for (const CaseProof& tree : plain->proof.cases) {
      EXPECT_TRUE(std::none_of(tree.nodes.begin(), tree.nodes.end(), is_clip));
    }
    for (const CaseProof& tree : clipped->proof.cases) {
      clips +=
          static_cast<std::size_t>(std::count_if(tree.nodes.begin(), tree.nodes.end(), is_clip));
    }
  }
  EXPECT_GT(clips, 10U);
}

}  // namespace
}  // namespace isotrace::proofs
