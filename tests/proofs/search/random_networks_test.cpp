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
  std::size_t sloped = 0;
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
      // Coarser checkers count open ReLUs themselves: slopes of some would go to the wrong ones.
      for (const ProofNode& node : tree.nodes) {
        EXPECT_TRUE(node.slopes.empty() || node.slopes.size() == 16 + 12);
        sloped += node.slopes.empty() ? 0 : 1;
      }
    }
    for (const CaseProof& tree : clipped->proof.cases) {
      clips +=
          static_cast<std::size_t>(std::count_if(tree.nodes.begin(), tree.nodes.end(), is_clip));
    }
  }
  EXPECT_GT(clips, 10U);
  EXPECT_GT(sloped, 10U);
}

/// Sums of numbers that nearly cancel, in a box of few floats: a sign known from reals alone would
/// be wrong here.
std::string cancelling_case(core::PhiloxStream& random, core::Program& program) {
  program = tests::random_dense(random, {3, 12, 10, 2});
  for (core::Tensor& constant : program.constants) {
    if (random.next_below(2) == 0) continue;
    auto values = constant.data<float>();
    for (std::size_t i = 1; i < values.size(); i += 2) {
      values[i - 1] *= 0x1p12F;
      values[i] = -values[i - 1] + std::ldexp(tests::uniform(random), -9);
    }
  }
  const float low = tests::uniform(random);
  const float high = low + std::ldexp(1.0F, -static_cast<int>(random.next_below(20)));
  const auto y = tests::run_reference(program, {low, high, low});
  const float limit = y[0] + std::fabs(y[0]) * std::ldexp(tests::uniform(random), -4);
  return tests::box_property(3, 2, std::to_string(low), std::to_string(high),
                             "(assert (>= Y_0 " + std::to_string(limit) + "))\n");
}

TEST(RandomNetworks, splits_by_sign_agree_with_samples_and_with_splits_of_inputs) {
  core::PhiloxStream random(33);
  std::size_t splits = 0;
  int count[3] = {};
  for (int round = 0; round < 80; ++round) {
    core::Program program = tests::random_dense(random, {3, 12, 10, 2});
    const std::string limit = std::to_string(0.2F + 2 * std::fabs(tests::uniform(random)));
    const std::string text =
        round % 2 == 0
            ? cancelling_case(random, program)
            : tests::box_property(3, 2, "-0.5", "0.5",
                                  "(assert (and (<= Y_0 -" + limit + ") (<= Y_1 Y_0)))\n");
    ProveOptions options;
    options.nodes_max = 2000;
    const auto by_inputs = prove(program, text, options);
    options.narrow_inputs = 0;
    const auto by_signs = prove(program, text, options);
    options.jobs = 3;
    const auto again = prove(program, text, options);
    ASSERT_TRUE(by_inputs && by_signs && again);
    EXPECT_EQ(write_proof(by_signs->proof), write_proof(again->proof));
    ++count[static_cast<int>(by_signs->kind)];
    for (const CaseProof& tree : by_signs->proof.cases) {
      for (const ProofNode& node : tree.nodes) splits += node.kind == ProofNode::Kind::sign_split;
    }
    if (by_signs->kind != Kind::proved) continue;
    EXPECT_NE(by_inputs->kind, Kind::violated) << "round " << round;
    const Property property = *parse_vnnlib(text);
    const auto& box = property.cases[0].box;
    for (int i = 0; i < 200; ++i) {
      std::vector<float> x;
      for (const auto& side : box) {
        const auto low = static_cast<float>(core::round_up(side.lower));
        const auto high = static_cast<float>(core::round_down(side.upper));
        x.push_back(std::clamp(low + (high - low) * random.next_f32(), low, high));
      }
      EXPECT_FALSE(find_violated_case(property, x, tests::run_reference(program, x)));
    }
  }
  EXPECT_GT(splits, 40U);
  EXPECT_GT(count[static_cast<int>(Kind::proved)], 15);
  EXPECT_GT(count[static_cast<int>(Kind::violated)], 15);
}

}  // namespace
}  // namespace isotrace::proofs
