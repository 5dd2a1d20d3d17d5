// Clipped splits: no clip takes away an input that violates the property, and a tree that clips
// wrongly is rejected.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/output_rows.hpp>
#include <isotrace/proofs/checker/rounding.hpp>

#include "tests/proofs/checker/nets.hpp"

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;
using tests::ChainBuilder;
using tests::make_leaf;
using tests::random_floats;

ProofNode make_clip(std::uint32_t dimension, double at, std::vector<double> multipliers) {
  ProofNode node = make_leaf(std::move(multipliers));
  node.kind = ProofNode::Kind::clipped_split;
  node.dimension = dimension;
  node.at = at;
  return node;
}

/// Y_0 = x0 + x1 and Y_1 = |x0| over [-1, 1]: Y_0 >= 1.5 holds only for x0, x1 >= 0.5, and there
/// Y_1 <= 0.4 does not.
Proof needs_its_clip() {
  ChainBuilder net({1, 2});
  net.matmul({2, 4}, {1, 1, 1, -1, 1, 0, 0, 0});
  net.elementwise(core::Op::add, {4}, {2, 2, 0, 0}).relu();
  // 2 + x0 + x1, 2 + x0, relu(x0), relu(-x0)
  net.matmul({4, 2}, {1, 0, 0, 0, 0, 1, 0, 1});
  net.elementwise(core::Op::add, {2}, {-2, 0});
  const std::string rows = "(assert (and (>= Y_0 1.5) (<= Y_1 0.4)))";
  const ProofNode leaf = make_leaf({0, 1});
  return tests::make_proof(net.program(), tests::property_text(2, 2, "-1", "1", rows),
                           {{{make_clip(1, 0.75, {1, 0}), leaf, leaf}}});
}

std::string outcome(const Proof& proof) {
  const auto report = check_proof(proof);
  EXPECT_TRUE(report) << (report ? "" : core::describe(report.error()));
  if (!report) return "refused";
  return report->verdict.accepted() ? "accepted" : report->verdict.reason;
}

TEST(ClippedSplit, a_leaf_below_it_has_what_remains_of_the_box) {
  Proof proof = needs_its_clip();
  EXPECT_EQ(outcome(proof), "accepted");
  proof.cases[0].nodes[0].kind = ProofNode::Kind::split;
  EXPECT_EQ(outcome(proof), "case 0, node 1: the bound does not exclude the unsafe rows");
}

TEST(ClippedSplit, its_cut_lies_inside_what_remains) {
  for (const double at : {-0.5, 0.25, 1.0, std::nan("")}) {
    Proof proof = needs_its_clip();
    proof.cases[0].nodes[0].at = at;
    EXPECT_EQ(outcome(proof), "case 0, node 0: split outside its box") << at;
  }
}

TEST(ClippedSplit, multipliers_and_slopes_are_judged_as_those_of_a_leaf) {
  for (const auto& multipliers :
       std::vector<std::vector<double>>{{-1, 0}, {0, 0}, {1}, {1, 0, 0}, {}, {HUGE_VAL, 0}}) {
    Proof proof = needs_its_clip();
    proof.cases[0].nodes[0].multipliers = multipliers;
    EXPECT_NE(outcome(proof).find("multiplier"), std::string::npos) << outcome(proof);
  }
  Proof proof = needs_its_clip();
  proof.cases[0].nodes[0].slopes = {1};
  EXPECT_EQ(outcome(proof), "case 0, node 0: wrong number of slopes");
}

TEST(ClippedSplit, a_clip_that_leaves_nothing_is_no_split) {
  Proof proof = needs_its_clip();
  proof.property_text =
      tests::property_text(2, 2, "-1", "1", "(assert (and (>= Y_0 2.5) (<= Y_1 0.4)))");
  EXPECT_EQ(outcome(proof), "case 0, node 0: the clip leaves nothing to split");
}

TEST(ClippedSplit, a_file_keeps_it) {
  const Proof proof = needs_its_clip();
  const auto read = parse_proof(write_proof(proof));
  ASSERT_TRUE(read) << core::describe(read.error());
  EXPECT_EQ(read->cases, proof.cases);
  Proof other = proof;
  other.cases[0].nodes[0].multipliers = {2, 0};
  EXPECT_NE(proof_digest(other), proof_digest(proof));
}

/// Two rows that the outputs at a point of the box satisfy, over a random network.
struct RandomCase {
  core::Program program;
  std::vector<float> low, high;
  Case unsafe;
};

RandomCase random_case(PhiloxStream& random, float scale) {
  RandomCase made{tests::dense_net(random, {3, 8, 6, 2}), random_floats(random, 3, scale), {}, {}};
  made.high = made.low;
  std::vector<float> inside;
  for (std::size_t i = 0; i < 3; ++i) {
    made.high[i] += scale * random.next_f32();
    made.unsafe.box.push_back(
        {core::exact_rational(double{made.low[i]}), core::exact_rational(double{made.high[i]})});
    inside.push_back(0.75F * made.low[i] + 0.25F * made.high[i]);
  }
  const auto y = tests::evaluate(made.program, inside, tests::Order::sequential);
  for (std::size_t r = 0; r < 2; ++r) {
    const core::Rational sign = random.next_below(2) == 0 ? 1 : -1;
    made.unsafe.rows.push_back({{{r, sign}}, {}, sign * core::exact_rational(double{y[r]})});
  }
  return made;
}

/// What a random clip leaves of the whole box; nothing if it is refused.
std::optional<Bounds> clipped(const RandomCase& of, const ProofNode& node) {
  const DownwardRounding downward;
  const auto network = lower_program(of.program);
  EXPECT_TRUE(network);
  Bounds box(of.low.size());
  std::copy(of.low.begin(), of.low.end(), box.lower.begin());
  std::copy(of.high.begin(), of.high.end(), box.upper.begin());
  const auto bounds = NodeBounder(*network, Level::any_order).bound(box, nullptr);
  if (!bounds) return std::nullopt;
  const OutputRows rows = output_rows(*network, of.unsafe);
  if (!clip_box(*network, rows, *bounds, {}, node, box).empty()) return std::nullopt;
  return box;
}

TEST(ClippedSplit, no_clip_takes_an_unsafe_input_away) {
  PhiloxStream random(61);
  std::size_t clips = 0;
  std::size_t unsafe = 0;
  for (int round = 0; round < 300; ++round) {
    const RandomCase of = random_case(random, round % 3 == 0 ? 1e-3F : 1);
    ProofNode node = make_clip(0, 0, {random.next_f32(), random.next_f32()});
    for (int i = 0; i < 14 && round % 2 == 0; ++i) {
      node.slopes.push_back(static_cast<std::uint8_t>(random.next_below(256)));
    }
    const auto rest = clipped(of, node);
    if (!rest) continue;
    for (std::size_t i = 0; i < 3; ++i) {
      clips += rest->lower[i] > double{of.low[i]} || rest->upper[i] < double{of.high[i]} ? 1 : 0;
    }
    for (int s = 0; s < 100; ++s) {
      std::vector<float> x;
      for (std::size_t i = 0; i < 3; ++i) {
        const float at = of.low[i] + (of.high[i] - of.low[i]) * random.next_f32();
        x.push_back(std::clamp(s % 4 == 0 ? 0.75F * of.low[i] + 0.25F * of.high[i] : at, of.low[i],
                               of.high[i]));
      }
      for (const tests::Order order : tests::all_orders) {
        if (!lies_in_case(of.unsafe, x, tests::evaluate(of.program, x, order))) continue;
        ++unsafe;
        for (std::size_t i = 0; i < 3; ++i) {
          ASSERT_GE(double{x[i]}, rest->lower[i]);
          ASSERT_LE(double{x[i]}, rest->upper[i]);
        }
      }
    }
  }
  EXPECT_GT(clips, 100U);
  EXPECT_GT(unsafe, 10'000U);
}

}  // namespace
}  // namespace isotrace::proofs
