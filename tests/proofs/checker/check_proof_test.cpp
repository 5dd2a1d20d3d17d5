// Proofs that hold are accepted; each way of tampering with one is rejected or refused.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>

#include "tests/proofs/checker/nets.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::RefusalCode;
using core::Verdict;
using tests::ChainBuilder;
using tests::make_leaf;
using tests::make_proof;
using tests::make_split;
using tests::property_text;

/// "accepted", "rejected: reason", "undecided: reason" or "refused: code".
std::string outcome(const Proof& proof) {
  const auto report = check_proof(proof);
  if (!report) return "refused: " + std::string(core::refusal_info(report.error().code).name);
  std::string text(core::verdict_name(report->verdict.kind));
  return report->verdict.accepted() ? text : text + ": " + report->verdict.reason;
}

/// y = |x0| + |x1|, written with four ReLUs; two more, x0 + 2 and its negation, cancel, so that
/// intervals alone say little.
core::Program absolute_sum() {
  ChainBuilder net({1, 2});
  net.matmul({2, 6}, {1, -1, 0, 0, 1, 1, 0, 0, 1, -1, 0, 0});
  net.elementwise(Op::add, {6}, {0, 0, 0, 0, 2, 2}).relu().matmul({6, 1}, {1, 1, 1, 1, 1, -1});
  return net.program();
}

/// y >= 3 cannot happen for x in [-1, 1]; a single leaf shows it.
Proof single_leaf() {
  return make_proof(absolute_sum(), property_text(2, 1, "-1", "1", "(assert (>= Y_0 3))"),
                    {{{make_leaf({1})}}});
}

/// y <= -0.1 cannot happen, but that takes a split at 0 per input or the right slopes.
Proof four_leaves() {
  const ProofNode leaf = make_leaf({1});
  const ProofNode half = make_split(1, 0);
  return make_proof(absolute_sum(), property_text(2, 1, "-1", "1", "(assert (<= Y_0 -0.1))"),
                    {{{make_split(0, 0), half, leaf, leaf, half, leaf, leaf}}});
}

TEST(CheckProof, AcceptsALeaf) {
  const auto report = check_proof(single_leaf());
  ASSERT_TRUE(report) << core::describe(report.error());
  EXPECT_TRUE(report->verdict.accepted()) << report->verdict.reason;
  EXPECT_EQ(report->leaves, 1U);
  EXPECT_EQ(report->program, core::program_digest(absolute_sum()));
  EXPECT_EQ(report->property, core::sha256(core::as_bytes(single_leaf().property_text)));
}

TEST(CheckProof, AcceptsATree) {
  EXPECT_EQ(outcome(four_leaves()), "accepted");
  EXPECT_EQ(check_proof(four_leaves())->leaves, 4U);
}

TEST(CheckProof, AcceptsEveryLevel) {
  for (const Level level : {Level::exact_order, Level::any_order, Level::real}) {
    Proof proof = four_leaves();
    proof.level = level;
    EXPECT_EQ(outcome(proof), "accepted");
  }
}

TEST(CheckProof, SlopesOfUnstableOrOfAllElements) {
  // relu(x) + relu(-x) >= 0.5 x - 0.5 x: with equal slopes one leaf is enough.
  Proof proof = four_leaves();
  for (const int slope : {0, 128, 255}) {
    proof.cases = {
        {{make_leaf({1}, std::vector<std::uint8_t>(4, static_cast<std::uint8_t>(slope)))}}};
    EXPECT_EQ(outcome(proof), "accepted");
  }
  proof.cases = {{{make_leaf({1}, {128, 127, 127, 128})}}};
  EXPECT_EQ(outcome(proof), "accepted");
  proof.cases = {{{make_leaf({1}, {255, 255, 255, 0})}}};
  EXPECT_EQ(outcome(proof), "rejected: case 0, node 0: the bound does not exclude the unsafe rows");
  // With X_1 >= 0.5 two elements are stable.
  Proof half = proof;
  half.property_text += "(assert (>= X_1 0.5))";
  half.cases = {{{make_leaf({1}, {128, 127})}}};
  EXPECT_EQ(outcome(half), "accepted");
  half.cases = {{{make_leaf({1}, {128, 127, 7, 9, 0, 255})}}};
  EXPECT_EQ(outcome(half), "accepted");
  half.cases = {{{make_leaf({1}, {128, 127, 7})}}};
  EXPECT_EQ(outcome(half), "rejected: case 0, node 0: wrong number of slopes");
}

TEST(CheckProof, CombinesRows) {
  // y0 = x0, y1 = -x0: y0 <= -1 and y1 <= 0.5 exclude each other only together.
  ChainBuilder net({1, 1});
  net.matmul({1, 2}, {1, -1});
  const std::string property =
      property_text(1, 2, "-5", "5", "(assert (<= Y_0 -1)) (assert (<= Y_1 0.5))");
  EXPECT_EQ(outcome(make_proof(net.program(), property, {{{make_leaf({1, 1})}}})), "accepted");
  EXPECT_EQ(outcome(make_proof(net.program(), property, {{{make_leaf({1, 0})}}})).substr(0, 8),
            "rejected");
}

TEST(CheckProof, StrictRowsNeedNoMargin) {
  ChainBuilder net({1, 1});
  net.relu();
  const auto with = [&](const char* assertion) {
    return outcome(
        make_proof(net.program(), property_text(1, 1, "-1", "1", assertion), {{{make_leaf({1})}}}));
  };
  EXPECT_EQ(with("(assert (< Y_0 0))"), "accepted");
  EXPECT_EQ(with("(assert (<= Y_0 0))").substr(0, 8), "rejected");
}

TEST(CheckProof, StrictRowMustHaveWeight) {
  ChainBuilder net({1, 1});
  net.relu();
  const std::string property =
      property_text(1, 1, "-1", "1", "(assert (<= Y_0 0)) (assert (< Y_0 7))");
  EXPECT_EQ(outcome(make_proof(net.program(), property, {{{make_leaf({1, 0})}}})).substr(0, 8),
            "rejected");
}

TEST(CheckProof, ACaseWithoutRowsCannotBeProved) {
  Proof proof = single_leaf();
  proof.property_text = property_text(2, 1, "-1", "1", "");
  for (const auto& multipliers : {std::vector<double>{}, std::vector<double>{1}}) {
    proof.cases = {{{make_leaf(multipliers)}}};
    EXPECT_EQ(outcome(proof), "rejected: case 0, node 0: the case has no row that could fail");
  }
}

TEST(CheckProof, EveryCaseNeedsItsTree) {
  Proof proof = single_leaf();
  proof.property_text = property_text(2, 1, "-1", "1", "(assert (or (>= Y_0 3) (<= Y_0 -5)))");
  EXPECT_EQ(outcome(proof), "rejected: 1 trees for 2 cases");
  proof.cases.push_back(proof.cases[0]);
  EXPECT_EQ(outcome(proof), "accepted");
  proof.cases.push_back(proof.cases[0]);
  EXPECT_EQ(outcome(proof), "rejected: 3 trees for 2 cases");
  proof.property_text = property_text(2, 1, "-1", "1", "(assert (or (>= Y_0 3) (<= Y_0 5)))");
  proof.cases.pop_back();
  EXPECT_EQ(outcome(proof), "rejected: case 1, node 0: the bound does not exclude the unsafe rows");
}

// --- Tampering -------------------------------------------------------------------------------

TEST(TamperedProof, Multipliers) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& multipliers : std::vector<std::vector<double>>{
           {-1}, {nan}, {infinity}, {1e200}, {0}, {-0.0}, {}, {1, 1}, {5e-324}}) {
    Proof proof = single_leaf();
    proof.cases[0].nodes[0].multipliers = multipliers;
    EXPECT_EQ(outcome(proof).substr(0, 8), "rejected");
  }
}

TEST(TamperedProof, SplitOutsideItsBox) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double at : {-1.0, 1.0, 2.0, -7.0, nan, HUGE_VAL, -HUGE_VAL}) {
    Proof proof = four_leaves();
    proof.cases[0].nodes[0].at = at;
    EXPECT_EQ(outcome(proof), "rejected: case 0, node 0: split outside its box");
  }
  Proof proof = four_leaves();
  proof.cases[0].nodes[0].dimension = 2;
  EXPECT_EQ(outcome(proof), "rejected: case 0, node 0: split outside its box");
  proof = four_leaves();
  proof.cases[0].nodes[1] = make_split(0, 0);  // the upper end of the lower half
  EXPECT_EQ(outcome(proof), "rejected: case 0, node 1: split outside its box");
}

TEST(TamperedProof, SplitElsewhere) {
  Proof proof = four_leaves();
  proof.cases[0].nodes[0].at = 0.5;
  EXPECT_EQ(outcome(proof).substr(0, 8), "rejected");
}

TEST(TamperedProof, DroppedAndExtraNodes) {
  Proof proof = four_leaves();
  proof.cases[0].nodes.pop_back();
  EXPECT_EQ(outcome(proof), "rejected: case 0, the tree ends before its boxes are covered");
  proof = four_leaves();
  proof.cases[0].nodes.push_back(make_leaf({1}));
  EXPECT_EQ(outcome(proof), "rejected: case 0, node 7: stands after the end of the tree");
  proof.cases[0].nodes.clear();
  EXPECT_EQ(outcome(proof), "rejected: case 0, the tree ends before its boxes are covered");
  proof = four_leaves();
  proof.cases.clear();
  EXPECT_EQ(outcome(proof), "rejected: 0 trees for 1 cases");
}

TEST(TamperedProof, ProgramOrProperty) {
  Proof proof = four_leaves();
  ChainBuilder other({1, 2});
  other.matmul({2, 4}, {1, -1, 0, 0, 0, 0, 1, -1}).relu().matmul({4, 1}, {1, 1, 1, -1});
  proof.program = core::write_program(other.program());
  EXPECT_EQ(outcome(proof).substr(0, 8), "rejected");
  proof = four_leaves();
  proof.property_text = property_text(2, 1, "-1", "1", "(assert (<= Y_0 0.1))");
  EXPECT_EQ(outcome(proof).substr(0, 8), "rejected");
  proof = four_leaves();
  proof.program[40] ^= 1;
  EXPECT_EQ(outcome(proof).substr(0, 8), "refused:");
  proof = four_leaves();
  proof.property_text.pop_back();
  EXPECT_EQ(outcome(proof), "refused: property_malformed");
}

TEST(TamperedProof, Claim) {
  Proof proof = single_leaf();
  proof.semantics = "isonum-2";
  EXPECT_EQ(outcome(proof), "refused: proof_semantics_unknown");
  proof = single_leaf();
  proof.level = static_cast<Level>(0);
  EXPECT_EQ(outcome(proof), "refused: proof_malformed");
  proof = single_leaf();
  proof.outcome = Proof::Outcome::violated;
  EXPECT_EQ(outcome(proof), "rejected: counterexample: wrong number of values");
}

TEST(CheckProof, RefusesAPropertyOfAnotherShape) {
  Proof proof = single_leaf();
  proof.property_text = property_text(3, 1, "-1", "1", "(assert (>= Y_0 3))");
  EXPECT_EQ(outcome(proof), "refused: property_mismatch");
  proof.property_text = property_text(2, 2, "-1", "1", "(assert (>= Y_0 3))");
  EXPECT_EQ(outcome(proof), "refused: property_mismatch");
}

TEST(CheckProof, RefusesATreeTooDeepForMemory) {
  constexpr std::int64_t width = 1 << 16;
  ChainBuilder net({1, width});
  net.relu();
  CaseProof tree;
  double at = 1;
  for (int i = 0; i < 300; ++i) tree.nodes.push_back(make_split(0, at /= 2));
  EXPECT_EQ(outcome(make_proof(net.program(),
                               property_text(width, width, "0", "1", "(assert (<= Y_0 -1))"),
                               {tree}, Level::real)),
            "refused: limit_exceeded");
}

TEST(CheckProof, ValuesNearOverflowStayUndecided) {
  ChainBuilder net({1, 2});
  net.matmul({2, 1}, {0x1p120F, -0x1p120F});
  const Proof proof =
      make_proof(net.program(), property_text(2, 1, "-1e3", "1e3", "(assert (>= Y_0 1e60))"),
                 {{{make_leaf({1})}}});
  EXPECT_EQ(outcome(proof), "undecided: case 0, node 0: values may come near overflow");
}

// --- Rounding --------------------------------------------------------------------------------

std::string trap_outcome(float c, Level level, int depth) {
  return outcome(make_proof(tests::trap(c),
                            property_text(1, 1, "0.4", "0.6", "(assert (<= Y_0 0.3))"),
                            {tests::bisected(0.4, 0.6, depth, make_leaf({1}))}, level));
}

TEST(FloatTrap, RoundingAwayTheInputIsNotAccepted) {
  // In binary32, (x + 2^24) - 2^24 is 0 for every x in [0.4, 0.6].
  ASSERT_EQ(tests::evaluate(tests::trap(0x1p24F), {0.5F}, tests::Order::sequential)[0], 0.0F);
  for (const float c : {0x1p23F, 0x1p24F, 0x1p25F, 0x1p27F}) {
    for (int depth = 0; depth <= 6; ++depth) {
      EXPECT_EQ(trap_outcome(c, Level::exact_order, depth).substr(0, 8), "rejected") << c;
      EXPECT_EQ(trap_outcome(c, Level::any_order, depth).substr(0, 8), "rejected") << c;
    }
  }
}

TEST(FloatTrap, WhatTheGridOfFloatsGivesIsAccepted) {
  // (x + 2^22) - 2^22 is 1/2 for every x in [0.4, 0.6]; with 0.2 in the box it is 0 somewhere.
  for (const Level level : {Level::exact_order, Level::any_order}) {
    EXPECT_EQ(trap_outcome(0x1p22F, level, 0), "accepted");
    const Proof wider =
        make_proof(tests::trap(0x1p22F), property_text(1, 1, "0.2", "0.6", "(assert (<= Y_0 0.3))"),
                   {tests::bisected(0.2, 0.6, 3, make_leaf({1}))}, level);
    EXPECT_EQ(outcome(wider).substr(0, 8), "rejected");
  }
}

/// Leaves that miss one float, at a tie: (x + 2^22) - 2^22 is 0 at 1/4 and 1/2 right after it.
TEST(FloatTrap, NeighbouringFloatsAreToldApart) {
  const auto of = [&](const std::string& low, const std::string& high, const std::string& rows) {
    return outcome(make_proof(tests::trap(0x1p22F), property_text(1, 1, low, high, rows),
                              {{{make_leaf({1})}}}))
        .substr(0, 8);
  };
  EXPECT_EQ(of("0.1", "0.25", "(assert (>= Y_0 0.01))"), "accepted");
  EXPECT_EQ(of("0.1", "0.250000029", "(assert (>= Y_0 0.01))"), "accepted");
  EXPECT_EQ(of("0.1", "0.2500000299", "(assert (>= Y_0 0.01))"), "rejected");
  EXPECT_EQ(of("0.2500000001", "0.6", "(assert (<= Y_0 0.49))"), "accepted");
  EXPECT_EQ(of("0.25", "0.6", "(assert (<= Y_0 0.49))"), "rejected");
}

TEST(FloatTrap, RealArithmeticKnowsNoTrap) {
  for (const float c : {0x1p20F, 0x1p24F, 0x1p27F}) {
    EXPECT_EQ(trap_outcome(c, Level::real, 0), "accepted");
    EXPECT_EQ(trap_outcome(c, Level::real, 3), "accepted");
  }
}

TEST(FloatTrap, LevelCannotBeRaised) {
  Proof proof =
      make_proof(tests::trap(0x1p24F), property_text(1, 1, "0.4", "0.6", "(assert (<= Y_0 0.3))"),
                 {{{make_leaf({1})}}}, Level::real);
  EXPECT_EQ(outcome(proof), "accepted");
  proof.level = Level::any_order;
  EXPECT_EQ(outcome(proof).substr(0, 8), "rejected");
  proof.level = Level::exact_order;
  EXPECT_EQ(outcome(proof).substr(0, 8), "rejected");
}

TEST(FloatTrap, SmallConstantsAreHarmless) {
  EXPECT_EQ(trap_outcome(0x1p10F, Level::any_order, 0), "accepted");
}

/// y = (h + b1 + b2 ...) in one product: the order of summation decides between 0 and 1.
TEST(FloatTrap, OrderOfSummation) {
  ChainBuilder net({1, 3});
  net.matmul({3, 1}, {0x1p24F, -0x1p24F, 1});
  const std::string property = property_text(3, 1, "1", "1", "(assert (<= Y_0 0.5))");
  const auto at = [&](Level level) {
    return outcome(make_proof(net.program(), property, {{{make_leaf({1})}}}, level));
  };
  EXPECT_EQ(at(Level::real), "accepted");
  EXPECT_EQ(at(Level::any_order).substr(0, 8), "rejected");
}

// --- Counterexamples -------------------------------------------------------------------------

Proof violated() {
  Proof proof = single_leaf();
  proof.outcome = Proof::Outcome::violated;
  proof.cases.clear();
  proof.property_text = property_text(2, 1, "-1", "1", "(assert (or (>= Y_0 9) (>= Y_0 1.5)))");
  proof.counterexample = {{1, -0.75F}, {1.75F}, 1};
  return proof;
}

TEST(Counterexample, InsideItsCaseStaysUndecidedUntilRun) {
  EXPECT_EQ(outcome(violated()), "undecided: outputs need re-execution");
}

TEST(Counterexample, OutsideItsCaseIsRejected) {
  std::vector<Proof> proofs(6, violated());
  proofs[0].counterexample.inputs[0] = std::nextafter(1.0F, 2.0F);
  proofs[1].counterexample.outputs[0] = 1.25F;
  proofs[2].counterexample.violated_case = 0;
  proofs[3].counterexample.violated_case = 2;
  proofs[4].counterexample.inputs.push_back(0);
  proofs[5].counterexample.outputs[0] = std::nanf("");
  for (const Proof& proof : proofs) {
    EXPECT_EQ(outcome(proof).substr(0, 25), "rejected: counterexample:");
  }
}

}  // namespace
}  // namespace isotrace::proofs
