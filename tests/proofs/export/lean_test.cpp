// Bundles for Lean: deterministic, complete, refused where nothing can be stated; what lean prints,
// read exactly; hostile words. Replay itself needs a compiler: tests/cli/lean_test.py.
#include <tuple>

#include <gtest/gtest.h>

#include <isotrace/proofs/export/lean.hpp>
#include <isotrace/proofs/export/lean_library.hpp>

#include "lean_float_text.hpp"
#include "lean_lint.hpp"
#include "lean_output.hpp"
#include "lean_text.hpp"
#include "tests/proofs/export/small_network.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using proofs::ProofNode;

proofs::Proof good_proof() {
  return make_proof(dense_network({2, 4, 1}, 1), lower_bound_property(2, 1, "-100"),
                    halving_tree(2, 1));
}

RefusalCode refusal_of(const proofs::Proof& proof) {
  const auto bundle = proofs::export_lean(proof);
  return bundle ? RefusalCode::artifact_unknown : bundle.error().code;
}

proofs::AffineChain two_layers() {
  proofs::AffineChain chain;
  chain.inputs = 3;
  proofs::AffineLayer first;
  first.rows = {{{{0, 0.5}, {2, -2}}, 0.25}, {{{1, 1}}, 0}, {{}, -1}};
  first.roundings = 3;
  first.relu = true;
  proofs::AffineLayer second;
  second.rows = {{{{0, 0.125}}, 0}};
  chain.layers = {first, second};
  return chain;
}

std::string tree_text(const proofs::CaseProof& proof, const proofs::Case& of) {
  const auto text = proofs::lean_tree(proof, of, two_layers(), core::Integer(1) << 4);
  return text ? *text : describe(text.error());
}

TEST(LeanText, rows_start_at_their_first_operand_and_fill_holes_with_zeros) {
  const auto text = proofs::lean_network(two_layers());
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            "[⟨4, 3, true, [⟨0, [2, 0, -8], 1⟩,\n    ⟨1, [4], 0⟩,\n    ⟨0, [], -4⟩]⟩,\n"
            "   ⟨8, 0, false, [⟨0, [1], 0⟩]⟩]");
}

TEST(LeanText, holes_count_against_the_limit) {
  proofs::AffineChain chain = two_layers();
  constexpr std::uint32_t far = 1U << 22;
  chain.layers[0].rows[0].terms = {{0, 1}, {far - 6, 1}};  // 4 more weights follow
  EXPECT_TRUE(proofs::lean_network(chain));
  chain.layers[0].rows[0].terms = {{0, 1}, {far, 1}};
  const auto text = proofs::lean_network(chain);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, RefusalCode::limit_exceeded);
  EXPECT_EQ(text.error().where, "layer 0");
}

TEST(LeanText, boxes_are_exact_fractions) {
  proofs::InputRange range;
  range.lower = core::Rational(-1, 3);
  range.upper = 2;
  EXPECT_EQ(proofs::lean_box({range}), "[⟨-1, 3, 2, 1⟩]");
}

TEST(LeanText, constraints_lose_their_denominators) {
  proofs::LinearRow row;
  row.terms = {{1, core::Rational(1, 2)}};
  row.bound = core::Rational(-2, 3);
  row.strict = true;
  EXPECT_EQ(proofs::lean_constraints({row}, 2), "[⟨[0, 3], -4, true⟩]");
}

TEST(LeanText, splits_are_multiples_of_the_grain_and_weights_of_signs_carry_later_denominators) {
  proofs::Case of;
  of.box.resize(3);
  of.rows.resize(1);
  proofs::CaseProof proof;
  ProofNode split;
  split.kind = ProofNode::Kind::split;
  split.dimension = 2;
  split.at = -0.28125;  // -4.5 / 16
  ProofNode sign;
  sign.kind = ProofNode::Kind::sign_split;
  sign.dimension = 1;
  ProofNode plain;
  plain.multipliers = {2};
  ProofNode weighing = plain;
  weighing.multipliers = {1, 0.5};
  weighing.slopes = {7};
  proof.nodes = {split, plain, sign, weighing, weighing};
  const std::string full = (core::Integer(1) << 48).str();
  const std::string half = (core::Integer(1) << 50).str();  // 2^48 / 2 * 8
  EXPECT_EQ(tree_text(proof, of), "(Tree.split 2 (-5)\n    (Tree.leaf [" + full +
                                      "] [] [])\n    (Tree.sign 0 1\n    (Tree.leaf [" + full +
                                      "] [7] [⟨0, 1, " + half + "⟩])\n    (Tree.leaf [" + full +
                                      "] [7] [⟨0, 1, -" + half + "⟩])))");
}

TEST(LeanText, trees_that_are_none_are_refused) {
  proofs::Case of;
  of.box.resize(3);
  of.rows.resize(1);
  ProofNode leaf;
  leaf.multipliers = {1};
  const auto refused = [&](std::vector<ProofNode> nodes) {
    const auto text =
        proofs::lean_tree({std::move(nodes)}, of, two_layers(), core::Integer(1) << 4);
    return !text && text.error().code == RefusalCode::proof_malformed;
  };
  ProofNode split = leaf;
  split.kind = ProofNode::Kind::split;
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({leaf, leaf}));
  EXPECT_TRUE(refused({split, leaf}));
  split.dimension = 3;
  EXPECT_TRUE(refused({split, leaf, leaf}));
  split.kind = ProofNode::Kind::sign_split;
  EXPECT_TRUE(refused({split, leaf, leaf}));
  leaf.multipliers = {-1};
  EXPECT_TRUE(refused({leaf}));
}

TEST(LeanText, leaves_in_parts_are_none_of_these) {
  proofs::Case of;
  of.box.resize(3);
  of.rows.resize(1);
  ProofNode leaf;
  leaf.multipliers = {1, 1};
  const auto text = proofs::lean_tree({{leaf}}, of, two_layers(), core::Integer(1) << 4);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, RefusalCode::export_unsupported);
}

TEST(LeanText, the_grain_is_finer_for_small_numbers) {
  proofs::InputRange range;
  range.upper = 5;
  EXPECT_EQ(proofs::lean_grain({range}), core::Integer(1) << 64);
  range.upper = core::Rational(1, 1024);
  EXPECT_EQ(proofs::lean_grain({range}), core::Integer(1) << 74);
}

TEST(ExportLean, the_same_proof_gives_the_same_bytes) {
  const auto first = proofs::export_lean(good_proof());
  const auto second = proofs::export_lean(good_proof());
  ASSERT_TRUE(first && second);
  ASSERT_EQ(first->files.size(), second->files.size());
  for (std::size_t i = 0; i < first->files.size(); ++i) {
    EXPECT_EQ(first->files[i].path, second->files[i].path);
    EXPECT_EQ(first->files[i].bytes, second->files[i].bytes) << first->files[i].path;
  }
}

TEST(ExportLean, theorems_are_closed_and_computed_by_the_kernel) {
  const auto bundle = proofs::export_lean(good_proof());
  ASSERT_TRUE(bundle);
  ASSERT_EQ(bundle->obligations.size(), 2U);
  EXPECT_EQ(bundle->obligations[0].semantics, "fp32-any-order");
  EXPECT_EQ(bundle->obligations[1].semantics, "isonum-1");
  for (const proofs::Obligation& obligation : bundle->obligations) {
    EXPECT_EQ(obligation.tier, "closed");
    EXPECT_TRUE(obligation.axioms.empty());
    const auto* proof = bundle->find(obligation.file);
    ASSERT_NE(proof, nullptr);
    const std::string text(core::as_text(proof->bytes));
    EXPECT_NE(text.find("decide +kernel"), std::string::npos);
    EXPECT_EQ(text.find("native"), std::string::npos);
  }
}

TEST(ExportLean, floats_are_stated_for_sums_over_neighbouring_operands) {
  proofs::AffineChain chain{2, {}};
  chain.layers.resize(1);
  proofs::AffineLayer& layer = chain.layers[0];
  layer.execution = proofs::RowExecution::contraction;
  layer.rows = {{{{0, 1.5}, {1, -2.0}}, 0.25}};
  layer.biased = true;
  EXPECT_EQ(proofs::no_lean_float_program(chain), std::nullopt);
  EXPECT_EQ(proofs::lean_float_steps(chain), "[Step.dot 256 true]");
  layer.rows[0].terms[1].operand = 2;
  EXPECT_TRUE(proofs::no_lean_float_program(chain));
  layer.rows[0].terms[1] = {1, 0.1};
  EXPECT_TRUE(proofs::no_lean_float_program(chain));
  layer.rows[0].terms[1] = {1, 0.5};
  EXPECT_FALSE(proofs::no_lean_float_program(chain));
  layer.execution = proofs::RowExecution::sum;
  EXPECT_TRUE(proofs::no_lean_float_program(chain));
}

TEST(ExportLean, gaps_and_padding_inside_one_segment_are_products_with_0) {
  proofs::AffineChain chain{6, {}};
  chain.layers.resize(1);
  proofs::AffineLayer& layer = chain.layers[0];
  layer.execution = proofs::RowExecution::contraction;
  layer.biased = true;
  layer.roundings = 4;
  layer.rows = {{{{0, 1.5}, {4, -2.0}}, 0.25, {{0, 1.5}, {proofs::padding_operand, 3}, {4, -2.0}}}};
  EXPECT_TRUE(proofs::no_lean_float_program(chain));
  const proofs::AffineChain filled = proofs::with_products_alone(chain);
  EXPECT_EQ(proofs::no_lean_float_program(filled), std::nullopt);
  EXPECT_EQ(proofs::lean_float_steps(filled), "[Step.dot 5 true]");
  EXPECT_EQ(filled.layers[0].roundings, 6U);
  layer.k_segment = 2;  // two segments
  EXPECT_TRUE(proofs::no_lean_float_program(proofs::with_products_alone(chain)));
  layer.k_segment = 256;
  layer.rows[0].taps[1] = {0, 0.5};  // an operand twice
  EXPECT_TRUE(proofs::no_lean_float_program(proofs::with_products_alone(chain)));
  layer.rows[0].taps[1] = {proofs::padding_operand, 3};
  std::swap(layer.rows[0].taps[0], layer.rows[0].taps[2]);  // another order
  EXPECT_TRUE(proofs::no_lean_float_program(proofs::with_products_alone(chain)));
}

TEST(ExportLean, operations_on_one_operand_are_sums_of_one_product) {
  using enum proofs::RowExecution;
  for (const auto& [execution, steps, roundings] :
       {std::tuple{sum, "[Step.dot 1 true]", 2U}, std::tuple{product, "[Step.dot 1 false]", 1U},
        std::tuple{copy, "[Step.dot 1 false]", 1U}}) {
    proofs::AffineChain chain{2, {}};
    chain.layers.resize(1);
    proofs::AffineLayer& layer = chain.layers[0];
    layer.execution = execution;
    layer.rows = {{{{1, -1.0}}, execution == sum ? 0.25 : 0.0}, {{{0, -1.0}}, 0}};
    EXPECT_TRUE(proofs::no_lean_float_program(chain));
    const proofs::AffineChain products = proofs::with_products_alone(chain);
    EXPECT_EQ(proofs::no_lean_float_program(products), std::nullopt);
    EXPECT_EQ(proofs::lean_float_steps(products), steps);
    EXPECT_EQ(products.layers[0].roundings, roundings);
  }
  proofs::AffineChain divided{1, {}};
  divided.layers.resize(1);
  divided.layers[0].execution = quotient;
  divided.layers[0].rows = {{{{0, 0.5}}, 0}};
  EXPECT_TRUE(proofs::no_lean_float_program(proofs::with_products_alone(divided)));
}

TEST(ExportLean, only_real_arithmetic_is_called_real) {
  proofs::Proof proof = good_proof();
  proof.level = proofs::Level::real;
  const auto bundle = proofs::export_lean(proof);
  ASSERT_TRUE(bundle);
  ASSERT_EQ(bundle->obligations.size(), 1U);
  EXPECT_EQ(bundle->obligations[0].semantics, "real");
  ASSERT_EQ(bundle->omitted.size(), 1U);
  EXPECT_EQ(bundle->omitted[0].id, "case0_float");
}

TEST(ExportLean, nothing_generated_contains_a_hostile_word) {
  const auto bundle = proofs::export_lean(good_proof());
  ASSERT_TRUE(bundle);
  for (const proofs::BundleFile& file : bundle->files) {
    if (!file.path.starts_with("lean/Isotrace/Gen/")) continue;
    EXPECT_EQ(proofs::find_forbidden_lean_word(core::as_text(file.bytes)), std::nullopt)
        << file.path;
  }
}

TEST(ExportLean, the_library_depends_on_nothing_else_and_assumes_nothing) {
  std::vector<proofs::LeanFile> files = proofs::lean_library(proofs::LeanPart::networks);
  for (const proofs::LeanFile& file : proofs::lean_library(proofs::LeanPart::functions))
    files.push_back(file);
  for (const proofs::LeanFile& file : files) {
    for (const std::string_view word : {"sorry", "axiom ", "native", "import Std", "import Mathlib",
                                        "unsafe ", "partial", "implemented_by", "extern"}) {
      const std::size_t at = file.text.find(word);
      const bool in_words = file.text.find("not as an axiom") != std::string_view::npos;
      EXPECT_TRUE(at == std::string_view::npos || (word == "axiom " && in_words))
          << file.module << ": " << word;
    }
  }
}

TEST(ExportLean, violated_or_foreign_proofs_are_refused) {
  proofs::Proof proof = good_proof();
  proof.outcome = proofs::Proof::Outcome::violated;
  EXPECT_EQ(refusal_of(proof), RefusalCode::export_unsupported);
  proof = good_proof();
  proof.semantics = "isonum-2";
  EXPECT_EQ(refusal_of(proof), RefusalCode::proof_semantics_unknown);
  proof = good_proof();
  proof.cases.clear();
  EXPECT_EQ(refusal_of(proof), RefusalCode::proof_malformed);
  proof = good_proof();
  proof.property_text = lower_bound_property(3, 1, "0");
  EXPECT_EQ(refusal_of(proof), RefusalCode::property_mismatch);
}

TEST(LeanOutput, axioms_are_read_exactly) {
  using Axioms = std::optional<std::vector<std::string>>;
  const auto read = [](const std::string& output) {
    return proofs::lean_axioms(output, "A.proof");
  };
  EXPECT_EQ(read("'A.proof' does not depend on any axioms\n"), Axioms(std::vector<std::string>{}));
  EXPECT_EQ(read("warning\n'A.proof' depends on axioms: [propext,\n Quot.sound]\n"),
            Axioms({"Quot.sound", "propext"}));
  EXPECT_EQ(read("'A.proof' depends on axioms: [sorryAx]"), Axioms({"sorryAx"}));
  EXPECT_EQ(read("'B.proof' does not depend on any axioms\n"), std::nullopt);
  EXPECT_EQ(read("'A.proof' depends on axioms: [propext"), std::nullopt);
  EXPECT_EQ(read(""), std::nullopt);
  const std::string twice = "'A.proof' does not depend on any axioms\n";
  EXPECT_EQ(read(twice + twice), std::nullopt);
}

TEST(LeanLint, words_that_assume_or_run_code_are_found) {
  for (const char* text : {"axiom cheat : False", "theorem t : False := by sorry",
                           "set_option debug.skipKernelTC true", "#eval 1", "by native_decide",
                           "macro \"x\" : term => `(y)", "@[implemented_by f] def g := 1",
                           "unsafe def f := 1", "open Lean in run_cmd x"}) {
    EXPECT_NE(proofs::find_forbidden_lean_word(text), std::nullopt) << text;
  }
  for (const char* text : {"set_option maxRecDepth 1000000", "theorem proof : statement :=",
                           "def evaluate := 1", "def axioms_of := 2"}) {
    EXPECT_EQ(proofs::find_forbidden_lean_word(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace isotrace::tests
