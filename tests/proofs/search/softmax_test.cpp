// Properties of networks that end in Softmax: order, bounds, and probabilities that sum to 1.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using Kind = ProveOutcome::Kind;

/// Softmax, or another operation on rows, of factor * x.
core::Program rows_of(std::int64_t inputs, Op op, float factor) {
  tests::Graph graph({1, inputs});
  const int scaled = graph.node(Op::mul, {0, graph.floats({1}, {factor})});
  return graph.build(
      {graph.node(op, {scaled}, {{"axis", std::int64_t{-1}}, {"flatten", std::int64_t{0}}})});
}

ProveOutcome ask(const core::Program& program, const std::string& text, Level level) {
  ProveOptions options;
  options.level = level;
  options.nodes_max = 20'000;
  auto outcome = prove(program, text, options);
  EXPECT_TRUE(outcome) << (outcome ? "" : core::describe(outcome.error()));
  return outcome ? *std::move(outcome) : ProveOutcome{};
}

/// X_0 in [first, first + 1], the others in [0, 1].
std::string box(std::size_t inputs, int first, const std::string& unsafe) {
  std::string text;
  for (std::size_t i = 0; i < inputs; ++i) {
    const std::string x = "X_" + std::to_string(i);
    const int low = i == 0 ? first : 0;
    text += "(declare-const " + x + " Real)(declare-const Y_" + std::to_string(i) + " Real)\n";
    text += "(assert (>= " + x + " " + std::to_string(low) + "))";
    text += "(assert (<= " + x + " " + std::to_string(low + 1) + "))\n";
  }
  return text + unsafe;
}

TEST(Softmax, the_order_of_results_is_that_of_operands) {
  const std::string others =
      "(assert (or (and (<= Y_0 Y_1)) (and (<= Y_0 Y_2)) (and (<= Y_0 Y_3))))\n";
  for (const Op op : {Op::softmax, Op::log_softmax}) {
    const core::Program program = rows_of(4, op, 1);
    for (const Level level : {Level::any_order, Level::exact_order, Level::real}) {
      const ProveOutcome outcome = ask(program, box(4, 2, others), level);
      ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
      EXPECT_EQ(outcome.nodes, 3U) << "the last layers are not needed";
    }
    EXPECT_EQ(ask(program, box(4, 1, others), Level::any_order).kind, Kind::violated);
  }
}

TEST(Softmax, equal_results_of_operands_in_order_are_found) {
  // Far below the maximum both underflow to 0, and so are equal though x_1 is above x_2.
  const core::Program program = rows_of(3, Op::softmax, 200);
  const std::string text = box(3, 3,
                               "(assert (<= X_1 0.75)) (assert (>= X_1 0.5))"
                               "(assert (<= X_2 0.25)) (assert (<= Y_1 Y_2))\n");
  EXPECT_EQ(ask(program, text, Level::any_order).kind, Kind::violated);
}

TEST(Softmax, rows_with_other_coefficients_are_of_results_themselves) {
  // So small that a gap times them would be 0.
  const std::string tiny = "0." + std::string(319, '0') + "1";
  const std::string unsafe = "(assert (<= (* " + tiny + " Y_0) (* " + tiny + " Y_1)))\n";
  const auto outcome = ask(rows_of(2, Op::softmax, 1), box(2, 0, unsafe), Level::any_order);
  EXPECT_EQ(outcome.kind, Kind::violated);
}

TEST(Softmax, the_greatest_operand_may_be_far_above_others) {
  const core::Program program = rows_of(3, Op::softmax, 1000);
  const std::string others = "(assert (or (and (<= Y_0 Y_1)) (and (<= Y_0 Y_2))))\n";
  EXPECT_EQ(ask(program, box(3, 2, others), Level::any_order).kind, Kind::proved);
}

TEST(Softmax, operands_are_far_apart_for_intervals_alone) {
  // z_0 = 200 s + 2 + x_0 and z_1 = 200 s with s = x_0 + x_1, less 200 x_1 and 200 x_0 again.
  tests::Graph graph({1, 2});
  const std::vector<core::Attribute> segment = {{"k_segment", std::int64_t{256}}};
  const int wide =
      graph.node(Op::matmul, {0, graph.floats({2, 3}, {200, 200, 1, 200, 200, 0})}, segment);
  const int less =
      graph.node(Op::matmul, {0, graph.floats({2, 3}, {200, 200, 0, 200, 200, 0})}, segment);
  const int back = graph.node(Op::sub, {wide, less});
  const int z = graph.node(Op::matmul, {back, graph.floats({3, 2}, {1, 0, 0, 1, 1, 0})}, segment);
  const int shifted = graph.node(Op::add, {z, graph.floats({2}, {2, 0})});
  const core::Program program = graph.build({graph.node(
      Op::softmax, {shifted}, {{"axis", std::int64_t{-1}}, {"flatten", std::int64_t{0}}})});
  const ProveOutcome outcome = ask(program, box(2, 0, "(assert (<= Y_0 Y_1))\n"), Level::any_order);
  EXPECT_EQ(outcome.kind, Kind::proved) << outcome.detail;
}

TEST(Softmax, operands_far_apart_prove_no_order) {
  // As above, but so that only the relation of y_1 to y_2 is left open by what the attack sees.
  const core::Program program = rows_of(3, Op::softmax, 200);
  Proof proof;
  proof.level = Level::any_order;
  proof.semantics = core::semantics_id;
  proof.program = core::write_program(program);
  proof.property_text = box(3, 3,
                            "(assert (<= X_1 0.75)) (assert (>= X_1 0.5))"
                            "(assert (<= X_2 0.25)) (assert (<= Y_1 Y_2))\n");
  ProofNode leaf;
  leaf.multipliers = {1};
  proof.cases.push_back({{leaf}});
  const auto report = check_proof(proof);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->verdict.accepted());
  EXPECT_NE(report->verdict.reason.find("too far apart"), std::string::npos);
}

TEST(Softmax, operands_further_apart_than_the_gap_have_results_in_order) {
  // What the checker takes for granted, on the reference: 2^-15, at most 80 below the maximum.
  core::PhiloxStream random(71);
  for (const Op op : {Op::softmax, Op::log_softmax}) {
    const core::Program program = rows_of(3, op, 1);
    for (int i = 0; i < 3000; ++i) {
      const float greatest = 100 * tests::uniform(random);
      const float lower = greatest - 79 * random.next_f32();
      const float upper = std::nextafter(lower + 0x1p-15F, HUGE_VALF);
      if (!(upper - lower > 0x1p-15F) || upper > greatest) continue;
      const auto y = tests::run_reference(program, {greatest, lower, upper});
      ASSERT_LT(y[1], y[2]) << greatest << ' ' << lower << ' ' << upper;
    }
  }
}

TEST(Softmax, bounds_of_single_results_are_proved_and_refuted) {
  const core::Program program = rows_of(3, Op::softmax, 1);
  const auto kind = [&](const std::string& unsafe) {
    return ask(program, box(3, 2, unsafe), Level::any_order).kind;
  };
  // The least and greatest value of y_0: exp(1) / (exp(1) + 2), and exp(3) / (exp(3) + 2).
  EXPECT_EQ(kind("(assert (<= Y_0 0.5))\n"), Kind::proved);
  EXPECT_EQ(kind("(assert (<= Y_0 0.58))\n"), Kind::violated);
  EXPECT_EQ(kind("(assert (>= Y_0 0.95))\n"), Kind::proved);
  EXPECT_EQ(kind("(assert (>= Y_0 0.9))\n"), Kind::violated);
  EXPECT_EQ(kind("(assert (or (< Y_0 0.0) (> Y_0 1.0) (< Y_1 0.0) (> Y_1 1.0)))\n"), Kind::proved);
}

TEST(Softmax, results_that_sum_to_1_are_proved_to_within_a_tolerance) {
  const core::Program program = rows_of(3, Op::softmax, 1);
  const std::string sum = "(+ Y_0 (+ Y_1 Y_2))";
  const auto kind = [&](const std::string& tolerance) {
    const std::string unsafe = "(assert (or (> " + sum + " (+ 1.0 " + tolerance + ")) (< " + sum +
                               " (- 1.0 " + tolerance + "))))\n";
    return ask(program, box(3, 0, unsafe), Level::any_order).kind;
  };
  EXPECT_EQ(kind("0.00001"), Kind::proved);
  EXPECT_EQ(kind("0.000001"), Kind::proved);
  EXPECT_NE(kind("0.0000000001"), Kind::proved) << "the sum rounds";
}

TEST(Softmax, far_apart_operands_are_bounded_too) {
  const core::Program program = rows_of(3, Op::softmax, 1e6F);
  const auto kind = [&](const std::string& unsafe) {
    return ask(program, box(3, 2, unsafe), Level::any_order).kind;
  };
  EXPECT_EQ(kind("(assert (<= Y_0 0.5))\n"), Kind::proved);
  EXPECT_EQ(kind("(assert (> (+ Y_0 (+ Y_1 Y_2)) 1.00001))\n"), Kind::proved);
  EXPECT_EQ(kind("(assert (<= Y_1 0.1))\n"), Kind::violated);
}

}  // namespace
}  // namespace isotrace::proofs
