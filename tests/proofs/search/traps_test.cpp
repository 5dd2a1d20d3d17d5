// y = relu(relu(x + C) - C): over the reals y = x; in binary32 rounding takes over as C grows.
#include <gtest/gtest.h>

#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using Kind = ProveOutcome::Kind;

core::Program trap(float c) {
  tests::Chain chain({1, 1});
  const int shift = chain.floats({1}, {c});
  chain.then(core::Op::add, {-1, shift}).relu().then(core::Op::sub, {-1, shift}).relu();
  return chain.build();
}

const char* const unsafe = "(assert (<= Y_0 0.3))\n";

ProveOutcome prove_trap(float c, Level level) {
  ProveOptions options;
  options.level = level;
  const auto outcome = prove(trap(c), tests::box_property(1, 1, "0.4", "0.6", unsafe), options);
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : core::describe(outcome.error()));
  return outcome ? *outcome : ProveOutcome{};
}

TEST(FloatTraps, small_constants_are_proved_for_floats) {
  EXPECT_EQ(prove_trap(0x1p10F, Level::any_order).kind, Kind::proved);
}

TEST(FloatTraps, single_roundings_are_charged_by_the_size_of_their_result) {
  EXPECT_EQ(prove_trap(0x1p20F, Level::any_order).kind, Kind::proved);
}

TEST(FloatTraps, reals_are_another_question) {
  for (const float c : {0x1p20F, 0x1p22F, 0x1p24F, 0x1p25F}) {
    EXPECT_EQ(prove_trap(c, Level::real).kind, Kind::proved) << c;
  }
}

TEST(FloatTraps, what_the_grid_of_floats_decides_is_proved) {
  for (const float c : {0x1p21F, 0x1p22F}) {
    const ProveOutcome outcome = prove_trap(c, Level::any_order);
    EXPECT_EQ(outcome.kind, Kind::proved) << c << ": " << outcome.detail;
  }
}

/// Both channels of a normalisation are r x, over the reals equal; the checker knows r to 2^-22
/// only. That they differ by 1e-7 cannot be excluded on all of [-1, 1] at once, which the search
/// does not foresee. It can near 0, and elsewhere each channel on its own contradicts its row.
TEST(FloatTraps, leaves_that_the_checker_rejects_are_split) {
  tests::Chain chain({1, 1});
  const int weights = chain.floats({1, 2}, {1, 1});
  const int bias = chain.floats({2}, {0, 0});
  const int ones = chain.floats({2}, {1, 1});
  const int zeros = chain.floats({2}, {0, 0});
  const int variance = chain.floats({2}, {3, 3});
  chain.gemm(weights, bias)
      .then(core::Op::batch_normalization, {-1, ones, zeros, zeros, variance}, {{"epsilon", 0.0F}});
  ProveOptions options;
  options.level = Level::real;
  const auto outcome =
      prove(chain.build(),
            tests::box_property(1, 2, "-1", "1", "(assert (<= Y_0 0))\n(assert (>= Y_1 1e-7))\n"),
            options);
  ASSERT_TRUE(outcome.has_value());
  ASSERT_EQ(outcome->kind, Kind::proved) << outcome->detail;
  EXPECT_GT(outcome->proof.cases[0].nodes.size(), 1U);
  EXPECT_LT(outcome->proof.cases[0].nodes.size(), 64U);
}

/// y = (x0 - 0) - 4 (x1 - 0), as ACAS Xu subtracts means of zero: the difference rounds, its
/// operands do not, and the checker accepts the one leaf that the search needs.
TEST(FloatTraps, search_and_checker_agree_that_nothing_rounds) {
  tests::Chain chain({1, 2});
  const int zeros = chain.floats({2}, {0, 0});
  const int weights = chain.floats({2, 1}, {1, -4});
  chain.then(core::Op::sub, {-1, zeros}).gemm(weights, chain.floats({1}, {0}));
  // Over [1, 2] y >= -7 - 3 * 2^-24 (2 + 8) = -7.0000018; roundings of x0 and x1 would take 6e-7.
  const auto outcome = prove(
      chain.build(), tests::box_property(2, 1, "1", "2", "(assert (<= Y_0 -7.000002))\n"), {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->kind, Kind::proved);
  EXPECT_EQ(outcome->nodes, 1U);
}

/// y = (x + C) - C is 0 up to x = 1/4, a tie that goes to the even number, and 1/2 above.
TEST(FloatTraps, a_step_between_two_neighbouring_floats_is_found) {
  tests::Chain chain({1, 1});
  const int shift = chain.floats({1}, {0x1p22F});
  chain.then(core::Op::add, {-1, shift}).then(core::Op::sub, {-1, shift});
  const core::Program program = chain.build();
  const auto decide = [&](const std::string& low, const std::string& high,
                          const std::string& rows) {
    const auto outcome = prove(program, tests::box_property(1, 1, low, high, rows), {});
    EXPECT_TRUE(outcome.has_value());
    return outcome ? outcome->kind : Kind::undecided;
  };
  const std::string between = "(assert (and (>= Y_0 0.001) (<= Y_0 0.499)))\n";
  EXPECT_EQ(decide("0.1", "0.4", between), Kind::proved);
  // The float after 1/4 is 0.25000002980232239.
  EXPECT_EQ(decide("0.1", "0.25", "(assert (>= Y_0 0.001))\n"), Kind::proved);
  EXPECT_EQ(decide("0.1", "0.25000002", "(assert (>= Y_0 0.001))\n"), Kind::proved);
  EXPECT_EQ(decide("0.1", "0.25000003", "(assert (>= Y_0 0.001))\n"), Kind::violated);
  EXPECT_EQ(decide("0.25000001", "0.4", "(assert (<= Y_0 0.499))\n"), Kind::proved);
}

TEST(FloatTraps, large_constants_are_violated_by_floats) {
  for (const float c : {0x1p24F, 0x1p25F, 0x1p27F}) {
    const ProveOutcome outcome = prove_trap(c, Level::any_order);
    ASSERT_EQ(outcome.kind, Kind::violated);
    const Counterexample& found = outcome.proof.counterexample;
    EXPECT_EQ(tests::run_reference(trap(c), found.inputs), found.outputs);
    EXPECT_LE(found.outputs[0], 0.3F);
  }
}

}  // namespace
}  // namespace isotrace::proofs
