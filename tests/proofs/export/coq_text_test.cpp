// Coq text of numbers, rows and trees; words that must not occur.
#include <gtest/gtest.h>

#include "coq_float_text.hpp"
#include "coq_lint.hpp"
#include "coq_packed.hpp"
#include "coq_parts.hpp"
#include "coq_text.hpp"
#include "tests/proofs/export/small_network.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;

TEST(CoqText, weights_are_exact_integers_over_a_power_of_two) {
  proofs::AffineChain chain{5, {{{{{{0, 0.5}, {1, -3.0}, {4, 0.0}}, 0.25}, {{}, 0}}, 3, true}}};
  EXPECT_EQ(proofs::coq_network(chain),
            "[Layer 2%N 3%N true [([(0%N, [2; (-12)]); (2%N, [0])], 1);\n  ([], 0)]]");
  chain.layers[0].rows = {{{{0, 0x1p-149}}, 0x1p+127}};
  const std::string text = proofs::coq_network(chain);
  EXPECT_NE(text.find("Layer 149%N"), std::string::npos);
  EXPECT_NE(text.find("[1])], " + (core::Integer(1) << 276).str()), std::string::npos);
}

TEST(CoqText, boxes_and_constraints_are_exact) {
  EXPECT_EQ(proofs::coq_box({{core::Rational(-1) / 3, core::Rational(2)}}),
            "[((-1) # 3, 2 # 1)%Q]");
  proofs::LinearRow row;
  row.terms = {{0, core::Rational(1) / 2}, {2, core::Rational(-1) / 3}};
  row.bound = 5;
  row.strict = true;
  EXPECT_EQ(proofs::coq_constraints({row}, 3), "[Constraint [3; 0; (-2)] 30 6 true]");
}

proofs::Case one_row_case() {
  proofs::LinearRow row;
  row.terms = {{0, core::Rational(1) / 2}};
  row.bound = 1;
  return {{{-1, 1}, {-1, 1}}, {row}};
}

TEST(CoqText, trees_keep_splits_multipliers_and_slopes) {
  proofs::CaseProof proof = halving_tree(2, 1);
  proof.nodes[2].multipliers = {0.125};
  proof.nodes[2].slopes = {0, 255};
  const auto text = proofs::coq_tree(proof, one_row_case(), {});
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "(Split 0 (0 # 1)%Q\n  (Leaf [1] [] [])\n  (Leaf [1] [0; 255] []))");
}

TEST(CoqText, clipped_splits_and_named_bounds_are_refused_by_what_avoids_them) {
  using proofs::ProofNode;
  for (const auto kind : {ProofNode::Kind::clipped_split, ProofNode::Kind::bound}) {
    proofs::CaseProof proof;
    proof.nodes = {{kind, 0, 0, {1}, {}},
                   {ProofNode::Kind::leaf, 0, 0, {1}, {}},
                   {ProofNode::Kind::leaf, 0, 0, {1}, {}}};
    const auto refused = proofs::coq_tree(proof, one_row_case(), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, RefusalCode::export_unsupported);
    EXPECT_NE(describe(refused.error()).find("--plain-splits"), std::string::npos);
  }
}

TEST(CoqText, sign_splits_name_layer_and_row_and_leaves_weigh_them) {
  // Two rows without ReLU, then three with, given in another order.
  proofs::AffineChain chain;
  chain.layers = {{{{}, {}}, 1, false}, {{{}, {}, {}}, 1, true, {2, 0, 1}}};
  using proofs::ProofNode;
  proofs::CaseProof proof;
  proof.nodes = {{ProofNode::Kind::sign_split, 0, 0, {}, {}},
                 {ProofNode::Kind::leaf, 0, 0, {2, 0.5}, {}},
                 {ProofNode::Kind::leaf, 0, 0, {2}, {}}};
  const auto text = proofs::coq_tree(proof, one_row_case(), chain);
  ASSERT_TRUE(text) << describe(text.error());
  // The row counts half as much per numerator: its multiplier 1 is the largest, and 0.5 half of it.
  EXPECT_EQ(*text,
            "(SignSplit 1 2\n  (Leaf [281474976710656] [] [140737488355328])\n  (Leaf [1] [] []))");
  proof.nodes[0].dimension = 3;
  const auto refused = proofs::coq_tree(proof, one_row_case(), chain);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, RefusalCode::proof_malformed);
}

TEST(CoqText, executions_are_written_as_isonum_1_orders_them) {
  using proofs::RowExecution;
  proofs::AffineChain chain{2,
                            {{{{{{0, 0.5}, {1, 2}}, 1}}, 3, true, {}, RowExecution::contraction}}};
  chain.layers[0].biased = true;
  EXPECT_EQ(proofs::coq_float_program(chain), "[in_order 256 true (layer_of net 0)]");
  chain.layers[0].k_segment = 16;
  chain.layers[0].rows[0].taps = {{1, 2}, {proofs::padding_operand, -1}, {0, 0.5}};
  EXPECT_EQ(proofs::coq_float_program(chain),
            "[FloatLayer 1 true [Dot 16 [Operand 1 4; Padding (-2); Operand 0 1] (Some 2)]]");
  proofs::AffineLayer quotient{{{{{1, 0.125}}, 0}}, 1, false, {}, RowExecution::quotient};
  quotient.divisors = {8};
  chain.layers = {{{{{{0, -1}}, 0.5}}, 1, false, {}, RowExecution::sum},
                  {{{{{0, 3}}, 0}}, 1, false, {}, RowExecution::product},
                  quotient,
                  {{{{{0, -1}}, 0}}, 0, false}};
  EXPECT_EQ(proofs::coq_float_program(chain),
            "[FloatLayer 1 false [Sum true 0 1];\n FloatLayer 0 false [Product 0 3];\n "
            "FloatLayer 3 false [Quotient 1 8 0];\n FloatLayer 0 false [Copy true 0]]");
}

TEST(CoqText, multipliers_keep_their_ratio) {
  proofs::Case of = one_row_case();
  of.rows.push_back(of.rows[0]);
  of.rows[1].terms[0].coefficient = 1;
  proofs::CaseProof proof = halving_tree(2, 0);
  proof.nodes[0].multipliers = {1, 2};
  const auto text = proofs::coq_tree(proof, of, {});
  ASSERT_TRUE(text);
  // 1 for half a unit is a quarter of 2 for a whole one.
  EXPECT_EQ(*text, "(Leaf [70368744177664; 281474976710656] [] [])");
}

RefusalCode refusal_of(const proofs::CaseProof& proof) {
  const auto text = proofs::coq_tree(proof, one_row_case(), {});
  return text ? RefusalCode::artifact_unknown : text.error().code;
}

TEST(CoqText, trees_that_are_none_are_refused) {
  const proofs::CaseProof good = halving_tree(2, 2);
  proofs::CaseProof bad = good;
  bad.nodes.pop_back();
  EXPECT_EQ(refusal_of(bad), RefusalCode::proof_malformed) << "dropped leaf";
  bad = good;
  bad.nodes.push_back(good.nodes.back());
  EXPECT_EQ(refusal_of(bad), RefusalCode::proof_malformed) << "added leaf";
  bad.nodes.clear();
  EXPECT_EQ(refusal_of(bad), RefusalCode::proof_malformed) << "no node";
  bad = good;
  bad.nodes[0].dimension = 2;
  EXPECT_EQ(refusal_of(bad), RefusalCode::proof_malformed) << "no such input";
  bad = good;
  bad.nodes[0].at = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refusal_of(bad), RefusalCode::proof_malformed) << "split at infinity";
  for (const double multiplier : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    bad = good;
    bad.nodes.back().multipliers = {multiplier};
    EXPECT_EQ(refusal_of(bad), RefusalCode::proof_malformed) << multiplier;
  }
  bad = good;
  bad.nodes.back().multipliers = {1, 1};
  EXPECT_EQ(refusal_of(bad), RefusalCode::export_unsupported) << "multipliers in parts";
  bad.nodes.back().multipliers.clear();
  EXPECT_EQ(refusal_of(bad), RefusalCode::proof_malformed) << "no multipliers";
}

TEST(CoqText, a_very_deep_tree_is_written_without_recursion) {
  proofs::CaseProof proof;
  for (int i = 0; i < 200000; ++i) {
    proof.nodes.push_back({proofs::ProofNode::Kind::split, 0, 0.5, {}, {}});
    proof.nodes.push_back({proofs::ProofNode::Kind::leaf, 0, 0, {1}, {}});
  }
  proof.nodes.push_back({proofs::ProofNode::Kind::leaf, 0, 0, {1}, {}});
  EXPECT_TRUE(proofs::coq_tree(proof, one_row_case(), {}));
}

TEST(CoqPacked, magnitudes_signs_and_shifts_have_bits_of_their_own) {
  proofs::AffineChain chain{5, {{{{{{0, 0.5}, {1, -3.0}, {4, 0.0}}, 0.25}, {{}, 0}}, 3, true}}};
  const auto text = proofs::coq_packed_network(chain);
  ASSERT_TRUE(text);
  const std::uint64_t half = 1 | std::uint64_t{1} << 54;  // 1 moved up by 1: over 2^2
  const std::uint64_t minus_three = 3 | std::uint64_t{1} << 53 | std::uint64_t{2} << 54;
  EXPECT_EQ(*text, "[unpacked_layer 2 3 true [([(0, [" + std::to_string(half) + "; " +
                       std::to_string(minus_three) + "]); (2, [0])], 1);\n  ([], 0)]]");
  chain.layers[0].rows = {{{{0, 0x1p-400}}, 0x1p+200}};
  const auto refused = proofs::coq_packed_network(chain);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, RefusalCode::export_unsupported);
}

TEST(CoqParts, a_tree_is_cut_where_it_is_larger_than_a_part_may_be) {
  const std::vector<proofs::ProofNode> nodes = halving_tree(2, 2).nodes;  // 7 nodes
  const auto whole = proofs::cut_into_parts(nodes, 7, "join", "Part");
  EXPECT_EQ(whole.paths, std::vector<std::string>{"[]"});
  EXPECT_EQ(whole.joined, "Part_0.checked");
  const auto halves = proofs::cut_into_parts(nodes, 3, "join", "Part");
  EXPECT_EQ(halves.paths, (std::vector<std::string>{"[false]", "[true]"}));
  EXPECT_EQ(halves.joined,
            "(join [] net box constraints certificate\n  Part_0.checked\n  Part_1.checked)");
  const auto leaves = proofs::cut_into_parts(nodes, 1, "join", "Part");
  EXPECT_EQ(leaves.paths, (std::vector<std::string>{"[false; false]", "[false; true]",
                                                    "[true; false]", "[true; true]"}));
}

TEST(CoqLint, finds_words_and_only_words) {
  EXPECT_EQ(proofs::find_forbidden_word("Lemma x : True. Admitted."), "Admitted");
  EXPECT_EQ(proofs::find_forbidden_word("(* hidden *)Axiom a:False."), "Axiom");
  EXPECT_EQ(proofs::find_forbidden_word("Definition Axiomatic := my_Axiom."), std::nullopt);
}

}  // namespace
}  // namespace isotrace::tests
