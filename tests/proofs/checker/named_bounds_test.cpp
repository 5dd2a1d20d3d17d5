// Bounds that a proof names: true whatever its slopes, used where they stand, and refused where
// they fit no ReLU.
#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/node_bounds.hpp>
#include <isotrace/proofs/checker/rounding.hpp>

#include "tests/proofs/checker/nets.hpp"

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;
using tests::ChainBuilder;
using tests::random_floats;

ProofNode make_bound(std::uint32_t element, bool above, std::vector<std::uint8_t> slopes) {
  ProofNode node;
  node.kind = ProofNode::Kind::bound;
  node.dimension = 2 * element + (above ? 1 : 0);
  node.slopes = std::move(slopes);
  return node;
}

/// w = relu(x) - x / 2 + 0.01 for x in [-1, 0.9], and y = relu(w) - w, which is 0. The line below
/// relu(x) has slope 0 unless a proof says otherwise, with which w may be negative. ReLU elements:
/// x, x + 10, w, w + 10.
Proof needs_its_bound() {
  ChainBuilder net({1, 1});
  net.matmul({1, 2}, {1, 1}).elementwise(core::Op::add, {2}, {0, 10}).relu();
  net.matmul({2, 2}, {1, 1, -0.5F, -0.5F});
  net.elementwise(core::Op::add, {2}, {5.01F, 15.01F}).relu();
  net.matmul({2, 1}, {1, -1}).elementwise(core::Op::add, {1}, {10});
  return tests::make_proof(net.program(),
                           tests::property_text(1, 1, "-1", "0.9", "(assert (>= Y_0 0.05))"),
                           {{{make_bound(2, false, {128}), tests::make_leaf({1})}}});
}

std::string outcome(const Proof& proof) {
  const auto report = check_proof(proof);
  EXPECT_TRUE(report) << (report ? "" : core::describe(report.error()));
  if (!report) return "refused";
  return report->verdict.accepted() ? "accepted" : report->verdict.reason;
}

constexpr const char* too_weak = "case 0, node 1: the bound does not exclude the unsafe rows";
constexpr const char* misplaced =
    "case 0, node 0: a bound of no ReLU, of an earlier layer, or with wrong slopes";

TEST(NamedBounds, a_leaf_behind_one_uses_it) {
  Proof proof = needs_its_bound();
  std::vector<ProofNode>& nodes = proof.cases[0].nodes;
  EXPECT_EQ(outcome(proof), "accepted");
  nodes[0].slopes = {128, 7};  // of all elements before, stable ones too
  EXPECT_EQ(outcome(proof), "accepted");
  nodes[0].slopes = {0};
  EXPECT_EQ(outcome(proof), too_weak);
  nodes[0] = make_bound(2, true, {128});
  EXPECT_EQ(outcome(proof), too_weak);
  nodes.erase(nodes.begin());
  for (int slope = 0; slope < 256; ++slope) {
    nodes[0].slopes = {static_cast<std::uint8_t>(slope), 0};
    EXPECT_EQ(outcome(proof), "case 0, node 0: the bound does not exclude the unsafe rows");
  }
}

TEST(NamedBounds, both_halves_of_a_split_behind_one_use_it) {
  Proof proof = needs_its_bound();
  std::vector<ProofNode>& nodes = proof.cases[0].nodes;
  const ProofNode leaf = nodes[1];
  ProofNode sign;
  sign.kind = ProofNode::Kind::sign_split;
  for (const ProofNode& split : {tests::make_split(0, -0.95), sign}) {
    nodes = {make_bound(2, false, {128}), split, leaf, leaf};
    EXPECT_EQ(outcome(proof), "accepted");
  }
  nodes = {tests::make_split(0, -0.95), leaf, leaf};
  EXPECT_EQ(outcome(proof), "case 0, node 2: the bound does not exclude the unsafe rows");
  nodes.insert(nodes.begin() + 2, make_bound(2, false, {128}));
  EXPECT_EQ(outcome(proof), "accepted");
}

TEST(NamedBounds, without_slopes_take_those_that_were_named_last) {
  Proof proof = needs_its_bound();
  std::vector<ProofNode>& nodes = proof.cases[0].nodes;
  const ProofNode leaf = nodes[1];
  const ProofNode again = make_bound(2, false, {});
  nodes = {again, leaf};
  EXPECT_EQ(outcome(proof), too_weak) << "the checker's own choice";
  nodes = {make_bound(2, false, {128, 0}), tests::make_split(0, -0.95), again, leaf, again, leaf};
  EXPECT_EQ(outcome(proof), "accepted");
  // What is bounded last counts with what came before it.
  nodes = {make_bound(2, false, {0, 0}), tests::make_split(0, -0.95), again, leaf, again, leaf};
  EXPECT_EQ(outcome(proof), "case 0, node 5: the bound does not exclude the unsafe rows");
  nodes = {make_bound(2, false, {0, 0}),
           tests::make_split(0, -0.95),
           make_bound(2, false, {128, 0}),
           leaf,
           make_bound(3, false, {128, 128}),
           again,
           leaf};
  EXPECT_EQ(outcome(proof), "accepted");
}

TEST(NamedBounds, without_slopes_take_those_of_cases_before_of_the_same_box) {
  const ProofNode leaf = tests::make_leaf({1});
  const auto with_boxes = [&](const char* first, const char* second) {
    Proof proof = needs_its_bound();
    const auto unsafe = [](const char* upper) {
      return "(and (>= X_0 -1) (<= X_0 " + std::string(upper) + ") (>= Y_0 0.05))";
    };
    proof.property_text = "(declare-const X_0 Real)\n(declare-const Y_0 Real)\n(assert (or " +
                          unsafe(first) + " " + unsafe(second) + "))\n";
    proof.cases = {{{make_bound(2, false, {128}), leaf}}, {{make_bound(2, false, {}), leaf}}};
    return outcome(proof);
  };
  EXPECT_EQ(with_boxes("0.9", "0.9"), "accepted");
  EXPECT_EQ(with_boxes("0.9", "0.85"),
            "case 1, node 1: the bound does not exclude the unsafe rows");
}

TEST(NamedBounds, stand_in_the_order_of_layers) {
  Proof proof = needs_its_bound();
  std::vector<ProofNode>& nodes = proof.cases[0].nodes;
  const ProofNode first = make_bound(0, false, {});
  nodes.insert(nodes.begin(), first);
  EXPECT_EQ(outcome(proof), "accepted");
  nodes.insert(nodes.begin() + 1, {make_bound(3, true, {5}), make_bound(2, true, {0})});
  EXPECT_EQ(outcome(proof), "accepted") << "any order within a layer";
  nodes.insert(nodes.begin() + 4, first);
  EXPECT_EQ(outcome(proof), misplaced);
}

TEST(NamedBounds, misplaced_ones_are_rejected) {
  for (const ProofNode& wrong : {make_bound(4, false, {128}), make_bound(0x7FFFFFFF, true, {128}),
                                 make_bound(2, false, {1, 2, 3}), make_bound(0, false, {1})}) {
    Proof proof = needs_its_bound();
    proof.cases[0].nodes[0] = wrong;
    EXPECT_EQ(outcome(proof), misplaced);
  }
  Proof proof = needs_its_bound();
  proof.cases[0].nodes[0].multipliers = {1};
  EXPECT_EQ(outcome(proof), misplaced);
  proof = needs_its_bound();
  proof.cases[0].nodes.pop_back();
  EXPECT_EQ(outcome(proof), "case 0, the tree ends before its boxes are covered");
  proof = needs_its_bound();
  proof.cases[0].nodes.push_back(proof.cases[0].nodes[0]);
  EXPECT_EQ(outcome(proof), "case 0, node 2: stands after the end of the tree");
}

TEST(NamedBounds, a_file_keeps_them_and_its_digest_counts_them) {
  const Proof proof = needs_its_bound();
  const auto read = parse_proof(write_proof(proof));
  ASSERT_TRUE(read) << core::describe(read.error());
  EXPECT_EQ(read->cases, proof.cases);
  Proof other = proof;
  other.cases[0].nodes[0].slopes[0] ^= 1U;
  EXPECT_NE(proof_digest(other), proof_digest(proof));
  other = proof;
  other.cases[0].nodes[0].dimension ^= 1U;
  EXPECT_NE(proof_digest(other), proof_digest(proof));
}

/// Bounds of random elements in the order of their layers, with random slopes.
std::vector<ProofNode> random_bounds(PhiloxStream& random,
                                     const std::vector<std::int64_t>& widths) {
  std::vector<ProofNode> named;
  std::uint32_t before = 0;
  for (std::size_t k = 1; k + 1 < widths.size(); ++k) {
    const auto width = static_cast<std::uint32_t>(widths[k]);
    for (int i = 0; i < 6; ++i) {
      std::vector<std::uint8_t> slopes(before);
      for (std::uint8_t& slope : slopes) slope = static_cast<std::uint8_t>(random.next_below(256));
      if (random.next_below(4) == 0) slopes.clear();
      const auto element = static_cast<std::uint32_t>(random.next_below(width));
      named.push_back(make_bound(before + element, random.next_below(2) == 0, std::move(slopes)));
    }
    before += width;
  }
  return named;
}

TEST(NamedBounds, no_slopes_exclude_what_a_network_computes) {
  PhiloxStream random(71);
  for (int net = 0; net < 150; ++net) {
    const std::vector<std::int64_t> widths = {3, 1 + net % 9, 8, 5, 2};
    const core::Program program = tests::dense_net(random, widths);
    const std::vector<float> low = random_floats(random, 3, 1);
    Bounds box(3);
    const float radius = random.next_f32();
    for (std::size_t i = 0; i < 3; ++i) {
      box.lower[i] = static_cast<double>(low[i]);
      box.upper[i] = static_cast<double>(low[i] + radius);
    }
    const std::vector<ProofNode> nodes = random_bounds(random, widths);
    NamedSlopes slopes;
    for (const ProofNode& node : nodes) slopes.of[node.dimension] = &node.slopes;
    std::erase_if(slopes.of, [](const auto& entry) { return entry.second->empty(); });
    NamedBounds named{nodes, slopes};
    std::optional<NodeBounds> bounds;
    {
      const DownwardRounding downward;
      const auto network = lower_program(program);
      ASSERT_TRUE(network);
      bounds = NodeBounder(*network, Level::any_order).bound(box, nullptr, 0, &named);
    }
    ASSERT_TRUE(bounds);
    EXPECT_TRUE(named.claims.empty());
    const Bounds& outputs = bounds->layers.back().values;
    for (int s = 0; s < 60; ++s) {
      std::vector<float> x = low;
      for (std::size_t i = 0; i < 3; ++i) {
        const auto kind = random.next_below(3);
        x[i] = kind == 0 ? low[i]
                         : std::min(low[i] + radius * (kind == 1 ? 1 : random.next_f32()),
                                    static_cast<float>(box.upper[i]));
      }
      for (const tests::Order order : tests::all_orders) {
        const auto y = tests::evaluate(program, x, order);
        for (std::size_t i = 0; i < y.size(); ++i) {
          ASSERT_GE(static_cast<double>(y[i]), outputs.lower[i]);
          ASSERT_LE(static_cast<double>(y[i]), outputs.upper[i]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::proofs
