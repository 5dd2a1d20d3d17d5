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

TEST(FloatTraps, constants_at_the_limit_of_the_error_model_are_undecided) {
  const ProveOutcome outcome = prove_trap(0x1p22F, Level::any_order);
  EXPECT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, UndecidedReason::precision) << outcome.detail;
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
