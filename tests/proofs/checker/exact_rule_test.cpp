// Leaves in rational numbers: they hold without anything to spare, and no further.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>

#include "tests/proofs/checker/nets.hpp"

namespace isotrace::proofs {
namespace {

using tests::ChainBuilder;

ProofNode sign_split(std::uint32_t element) {
  ProofNode node;
  node.kind = ProofNode::Kind::sign_split;
  node.dimension = element;
  return node;
}

/// z = 3 x - 1 in [-4, 5], y = relu(z) - w z, which is 0 at x = 1/3 and nowhere less if w is
/// in [0, 1].
Proof kink(float w, const std::string& unsafe, std::vector<ProofNode> nodes,
           Level level = Level::real) {
  ChainBuilder net({1, 1});
  net.matmul({1, 2}, {3, 3}).elementwise(core::Op::add, {2}, {-1, 7}).relu();
  // The second neuron is z + 8, which is handed on by its ReLU.
  net.matmul({2, 1}, {1, -w}).elementwise(core::Op::add, {1}, {8 * w});
  return tests::make_proof(net.program(),
                           tests::property_text(1, 1, "-1", "2", "(assert " + unsafe + ")"),
                           {{std::move(nodes)}}, level);
}

std::string outcome(const Proof& proof) {
  const auto read = parse_proof(write_proof(proof));
  EXPECT_TRUE(read);
  const auto report = check_proof(*read);
  EXPECT_TRUE(report) << (report ? "" : core::describe(report.error()));
  if (!report) return "refused";
  return report->verdict.accepted() ? "accepted" : report->verdict.reason;
}

/// z <= 0: y = -w z, with v for the sign; z >= 0: y = (1 - w) z. Numbers in two parts.
std::vector<ProofNode> tree(double below, double above) {
  return {sign_split(0), tests::make_leaf({1, below, 0, 0}), tests::make_leaf({1, above, 0, 0})};
}

constexpr float w = 0.3F;  // no short binary number: roundings would count

TEST(ExactRule, what_holds_with_nothing_to_spare_is_accepted_if_a_row_is_strict) {
  EXPECT_EQ(outcome(kink(w, "(< Y_0 0)", tree(double{w}, 1 - double{w}))), "accepted");
  // The same numbers, an ulp apart in the second part alone.
  auto nodes = tree(double{w}, 1 - double{w});
  nodes[1].multipliers[3] = 0x1p-300;
  EXPECT_EQ(outcome(kink(w, "(< Y_0 0)", nodes)),
            "case 0, node 1: the exact bound does not exclude the unsafe rows");
  EXPECT_EQ(outcome(kink(w, "(<= Y_0 0)", tree(double{w}, 1 - double{w}))),
            "case 0, node 1: the exact bound does not exclude the unsafe rows");
  EXPECT_EQ(outcome(kink(w, "(< Y_0 1e-300)", tree(double{w}, 1 - double{w}))),
            "case 0, node 1: the exact bound does not exclude the unsafe rows");
  EXPECT_EQ(outcome(kink(w, "(<= Y_0 -1e-300)", tree(double{w}, 1 - double{w}))), "accepted");
}

TEST(ExactRule, what_does_not_hold_is_never_accepted) {
  core::PhiloxStream random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto number = [&] { return std::ldexp(double(random.next_below(5)), -2); };
    std::vector<ProofNode> nodes = {sign_split(0),
                                    tests::make_leaf({number(), number(), number(), number()}),
                                    tests::make_leaf({number(), number(), number(), number()})};
    if (random.next_below(2) == 0) nodes[0] = tests::make_split(0, 1.0 / 3);
    EXPECT_NE(outcome(kink(-0.25F, "(< Y_0 0)", nodes)), "accepted") << "y = -0.25 at x = 0";
  }
}

TEST(ExactRule, signs_alone_rule_a_box_out) {
  // z >= 0 and z + 8 <= 0.
  std::vector<ProofNode> nodes = {sign_split(1), tests::make_leaf({0, 1, 0, 0}),
                                  tests::make_leaf({1})};
  EXPECT_EQ(outcome(kink(0, "(< Y_0 0)", nodes)), "accepted");
  nodes[1].multipliers = {0, 0, 0, 0};
  EXPECT_EQ(outcome(kink(0, "(< Y_0 0)", nodes)),
            "case 0, node 1: the exact bound does not exclude the unsafe rows");
}

TEST(ExactRule, only_over_the_reals_and_with_multipliers_for_all) {
  for (const Level level : {Level::any_order, Level::exact_order}) {
    EXPECT_EQ(outcome(kink(w, "(< Y_0 0)", tree(double{w}, 1 - double{w}), level)),
              "case 0, node 1: wrong number of multipliers");
  }
  auto nodes = tree(double{w}, 1 - double{w});
  nodes[1].multipliers.push_back(0);
  EXPECT_EQ(outcome(kink(w, "(< Y_0 0)", nodes)), "case 0, node 1: wrong number of multipliers");
  nodes[1].multipliers.assign(66, 0);
  EXPECT_EQ(outcome(kink(w, "(< Y_0 0)", nodes)), "case 0, node 1: wrong number of multipliers");
  for (const double wrong : {-1.0, HUGE_VAL, std::nan(""), 0x1p401}) {
    nodes[1].multipliers = {1, double{w}, wrong, 0};
    EXPECT_EQ(outcome(kink(w, "(< Y_0 0)", nodes)),
              "case 0, node 1: a multiplier is negative or too large");
  }
}

TEST(ExactRule, an_open_relu_that_counts_is_rejected) {
  EXPECT_EQ(outcome(kink(w, "(< Y_0 0)", {tests::make_leaf({1, 0})})),
            "case 0, node 0: an open ReLU, a curve or a rounded weight in an exact leaf");
}

TEST(ExactRule, sides_of_the_case_are_exact) {
  // y = x >= 1/3, which is no binary number.
  ChainBuilder net({1, 1});
  net.matmul({1, 1}, {1});
  const auto proof = [&](const std::string& row, std::vector<double> multipliers) {
    return tests::make_proof(net.program(),
                             tests::property_text(1, 1, "(/ 1 3)", "1", "(assert " + row + ")"),
                             {{{tests::make_leaf(std::move(multipliers))}}}, Level::real);
  };
  EXPECT_EQ(outcome(proof("(< Y_0 (/ 1 3))", {1, 0})), "accepted");
  EXPECT_NE(outcome(proof("(< Y_0 (/ 1 3))", {1})), "accepted");
  EXPECT_NE(outcome(proof("(<= Y_0 (/ 1 3))", {1, 0})), "accepted");
}

}  // namespace
}  // namespace isotrace::proofs
