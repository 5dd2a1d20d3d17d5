// Bundles: deterministic, complete, and refused where nothing can be stated.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_library.hpp>
#include <isotrace/proofs/export/smtlib.hpp>
#include <isotrace/proofs/export/trace_step.hpp>

#include "child_process.hpp"
#include "coq_lint.hpp"
#include "tests/proofs/export/small_network.hpp"
#include "tests/support/data.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;

proofs::Proof good_proof() {
  return make_proof(dense_network({2, 4, 1}, 1), lower_bound_property(2, 1, "-100"),
                    halving_tree(2, 1));
}

RefusalCode refusal_of(const proofs::Proof& proof) {
  const auto bundle = proofs::export_coq(proof);
  return bundle ? RefusalCode::artifact_unknown : bundle.error().code;
}

TEST(ExportCoq, the_same_proof_gives_the_same_bytes) {
  const auto first = proofs::export_coq(good_proof());
  const auto second = proofs::export_coq(good_proof());
  ASSERT_TRUE(first && second);
  ASSERT_EQ(first->files.size(), second->files.size());
  for (std::size_t i = 0; i < first->files.size(); ++i) {
    EXPECT_EQ(first->files[i].path, second->files[i].path);
    EXPECT_EQ(first->files[i].bytes, second->files[i].bytes) << first->files[i].path;
  }
}

TEST(ExportCoq, the_manifest_names_every_file_with_its_digest) {
  const auto bundle = proofs::export_coq(good_proof());
  ASSERT_TRUE(bundle);
  EXPECT_EQ(bundle->files[0].path, "bundle.json");
  const std::string manifest(core::as_text(bundle->files[0].bytes));
  for (const proofs::BundleFile& file : bundle->files) {
    if (file.path == "bundle.json") continue;
    EXPECT_NE(manifest.find("\"" + file.path + "\""), std::string::npos) << file.path;
    EXPECT_NE(manifest.find(core::sha256(file.bytes).hex()), std::string::npos) << file.path;
  }
  EXPECT_NE(manifest.find("\"domain\": \"fp32-any-order\""), std::string::npos);
}

TEST(ExportCoq, only_real_arithmetic_is_called_real) {
  proofs::Proof proof = good_proof();
  proof.level = proofs::Level::exact_order;
  EXPECT_EQ(proofs::export_coq(proof)->obligations[0].semantics, "fp32-any-order");
  proof.level = proofs::Level::real;
  EXPECT_EQ(proofs::export_coq(proof)->obligations[0].semantics, "real");
}

TEST(ExportCoq, theorems_about_floats_name_their_axioms) {
  const auto bundle = proofs::export_coq(good_proof());
  ASSERT_TRUE(bundle);
  ASSERT_EQ(bundle->obligations.size(), 2U);
  EXPECT_EQ(bundle->obligations[0].tier, "closed");
  EXPECT_TRUE(bundle->obligations[0].axioms.empty());
  EXPECT_EQ(bundle->obligations[1].semantics, "isonum-1");
  EXPECT_EQ(bundle->obligations[1].tier, "reals");
  EXPECT_EQ(bundle->obligations[1].axioms.size(), 4U);
  EXPECT_TRUE(bundle->omitted.empty());
}

TEST(ExportCoq, what_has_no_theorem_about_floats_says_why) {
  proofs::Proof proof = good_proof();
  proof.level = proofs::Level::real;
  auto bundle = proofs::export_coq(proof);
  ASSERT_TRUE(bundle);
  ASSERT_EQ(bundle->omitted.size(), 1U);
  EXPECT_EQ(bundle->omitted[0].id, "case0_float");
  // beta * C is rounded before it is added, and 0.1 * 0.1 is no binary32 number.
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({2, 1}, {1, 1});
  const auto c = builder.constant({1, 1}, {0.1F});
  builder.node(core::Op::gemm, {input_value(), w, c},
               {{"alpha", 1.0F},
                {"beta", 0.1F},
                {"k_segment", std::int64_t{256}},
                {"transA", std::int64_t{0}},
                {"transB", std::int64_t{0}}});
  proof = good_proof();
  proof.program = core::write_program(builder.finish());
  bundle = proofs::export_coq(proof);
  ASSERT_TRUE(bundle) << describe(bundle.error());
  ASSERT_EQ(bundle->omitted.size(), 1U);
  EXPECT_NE(bundle->omitted[0].reason.find("beta"), std::string::npos);
}

TEST(ExportStep, facts_are_read_back_and_nothing_else_is) {
  proofs::StepFact fact{{0, 1, 255}, {3, 9, {}}, core::sha256({})};
  for (int i = 0; i < 4; ++i) fact.proof.path.push_back(core::sha256({}));
  const core::Bytes bytes = proofs::write_step_fact(fact);
  const auto read = proofs::parse_step_fact(bytes);
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(proofs::write_step_fact(*read), bytes);
  const std::string good(core::as_text(bytes));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"isotrace.step 1", "isotrace.step 2"},
                                                        {"step 3", "step 8"},
                                                        {"step 3", "step 03"},
                                                        {"leaves 9", "leaves 2"},
                                                        {"leaves 9", "leaves 99999999999999999999"},
                                                        {"root ", "root 0"},
                                                        {"record 0001ff", "record 0001f"},
                                                        {"path", "Path"},
                                                        {"\n", "\r\n"},
                                                        {"\n", ""}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    const auto refused = proofs::parse_step_fact(core::as_bytes(bad));
    ASSERT_FALSE(refused) << from << " -> " << to;
    EXPECT_EQ(refused.error().code, RefusalCode::proof_malformed);
  }
  EXPECT_FALSE(proofs::parse_step_fact({}));
}

/// y = |x0 - x1|, as MatMul, ReLU, MatMul.
proofs::Proof absolute_difference_proof(const std::string& bound) {
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({2, 2}, {1, -0.5F, -1, 0.5F});
  const auto v = builder.constant({2, 1}, {1, 2});
  auto value = builder.node(core::Op::matmul, {input_value(), w}, {{"k_segment", std::int64_t{8}}});
  value = builder.node(core::Op::relu, {value});
  builder.node(core::Op::matmul, {value, v}, {{"k_segment", std::int64_t{8}}});
  return make_proof(builder.finish(), lower_bound_property(2, 1, bound), halving_tree(2, 0));
}

TEST(ExportSmtlib, scripts_state_the_network_exactly) {
  const auto bundle = proofs::export_smtlib(absolute_difference_proof("-0.5"));
  ASSERT_TRUE(bundle) << describe(bundle.error());
  const proofs::BundleFile* script = bundle->find("smtlib/case0.smt2");
  ASSERT_NE(script, nullptr);
  const std::string text(core::as_text(script->bytes));
  for (const char* line :
       {"(set-logic QF_LRA)", "(declare-const x1 Real)",
        "(define-fun z1_1 () Real (+ 0.0 (* (- (/ 1.0 2.0)) x0) (* (/ 1.0 2.0) x1)))",
        "(define-fun h1_1 () Real (ite (>= z1_1 0.0) z1_1 0.0))",
        "(define-fun h2_0 () Real (+ 0.0 (* 1.0 h1_0) (* 2.0 h1_1)))",
        "(assert (and (<= (- 1.0) x0) (<= x0 1.0)))",
        "(assert (<= (+ 0.0 (* 1.0 h2_0)) (- (/ 1.0 2.0))))", "(check-sat)"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(ExportSmtlib, z3_finds_safe_scripts_unsatisfiable_and_unsafe_ones_not) {
  const std::string z3 = "/usr/bin/z3";
  if (!std::filesystem::exists(z3)) GTEST_SKIP() << "z3 is absent";
  for (const auto& [bound, answer] : {std::pair{"-0.001", "unsat\n"}, std::pair{"0.5", "sat\n"}}) {
    const auto bundle = proofs::export_smtlib(absolute_difference_proof(bound));
    ASSERT_TRUE(bundle);
    std::string directory = testing::TempDir() + "isotrace-smtlib-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    ASSERT_TRUE(proofs::write_bundle(*bundle, directory));
    const auto outcome = proofs::run_child({z3, directory + "/smtlib/case0.smt2"}, "/", {});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->output, answer);
    std::filesystem::remove_all(directory);
  }
}

TEST(ExportCoq, specs_hold_only_definitions) {
  const auto bundle = proofs::export_coq(good_proof());
  ASSERT_TRUE(bundle);
  const proofs::BundleFile* spec = bundle->find("coq/gen/Spec_case0.v");
  ASSERT_NE(spec, nullptr);
  const std::string text(core::as_text(spec->bytes));
  EXPECT_NE(text.find("Definition statement : Prop := safe net box constraints."),
            std::string::npos);
  for (const char* word : {"Proof", "Lemma", "Theorem", "Qed"})
    EXPECT_EQ(text.find(word), std::string::npos);
}

TEST(ExportCoq, generated_files_contain_no_forbidden_word) {
  const auto bundle = proofs::export_coq(good_proof());
  ASSERT_TRUE(bundle);
  for (const proofs::BundleFile& file : bundle->files) {
    if (!file.path.starts_with("coq/gen/")) continue;
    EXPECT_EQ(proofs::find_forbidden_word(core::as_text(file.bytes)), std::nullopt) << file.path;
  }
}

TEST(ExportCoq, every_case_of_the_property_is_an_obligation) {
  proofs::Proof proof = good_proof();
  const std::string unsafe = "(assert (or (<= Y_0 -100) (>= Y_0 100)))\n";
  proof.property_text.replace(proof.property_text.find("(assert (<= Y_0"), std::string::npos,
                              unsafe);
  EXPECT_EQ(refusal_of(proof), RefusalCode::proof_malformed) << "one tree for two cases";
  proof.cases.push_back(proof.cases[0]);
  const auto bundle = proofs::export_coq(proof);
  ASSERT_TRUE(bundle) << describe(bundle.error());
  ASSERT_EQ(bundle->obligations.size(), 4U) << "one about any order, one about floats";
  EXPECT_EQ(bundle->obligations[2].theorem, "Isotrace.Gen.Proof_case1.proof");
  EXPECT_EQ(bundle->obligations[3].theorem, "Isotrace.Gen.Proof_case1_float.proof");
}

TEST(ExportCoq, a_primint_bundle_states_the_same_and_names_other_axioms) {
  const auto closed = proofs::export_coq(good_proof());
  const auto words = proofs::export_coq(good_proof(), proofs::CoqTier::primint);
  ASSERT_TRUE(closed && words);
  ASSERT_EQ(words->obligations.size(), 2U);
  EXPECT_EQ(words->obligations[0].statement, closed->obligations[0].statement);
  EXPECT_EQ(words->obligations[0].tier, "primint");
  EXPECT_EQ(words->obligations[1].tier, "primint+reals");
  const auto has = [](const proofs::Obligation& of, const std::string& axiom) {
    return std::count(of.axioms.begin(), of.axioms.end(), axiom) == 1;
  };
  EXPECT_TRUE(has(words->obligations[0], "PrimInt63.mul"));
  EXPECT_FALSE(has(words->obligations[0], "Classical_Prop.classic"));
  EXPECT_TRUE(has(words->obligations[1], "PrimInt63.mul"));
  EXPECT_TRUE(has(words->obligations[1], "Classical_Prop.classic"));
  EXPECT_EQ(core::as_text(words->find("subjects/tier")->bytes), "primint\n");
  EXPECT_EQ(closed->find("subjects/tier"), nullptr);
  EXPECT_EQ(closed->find("coq/primint/Word.v"), nullptr);
}

TEST(ExportCoq, tiers_are_ordered_by_their_axioms) {
  EXPECT_TRUE(proofs::tier_within("closed", "primint"));
  EXPECT_TRUE(proofs::tier_within("primint", "primint"));
  EXPECT_FALSE(proofs::tier_within("primint", "closed"));
  EXPECT_FALSE(proofs::tier_within("reals", "primint"));
  EXPECT_FALSE(proofs::tier_within("primint+reals", "primint"));
  EXPECT_TRUE(proofs::tier_within("primint+reals", "reals"));
  EXPECT_FALSE(proofs::parse_coq_tier("reals"));
}

TEST(ExportCoq, the_library_is_embedded_byte_for_byte) {
  const auto library = proofs::coq_library();
  EXPECT_EQ(library.size(), 32U);
  for (const proofs::CoqFile& file : library) {
    const core::Bytes bytes = read_file(std::string(COQ_SOURCES) + "/" + std::string(file.folder) +
                                        "/" + std::string(file.name));
    EXPECT_EQ(core::as_text(bytes), file.text) << file.name;
    for (const char* word : {"Axiom", "Admitted", "Parameter", "admit", "Conjecture"}) {
      EXPECT_EQ(file.text.find(std::string(word) + "."), std::string::npos)
          << file.name << ' ' << word;
      EXPECT_EQ(file.text.find(std::string(word) + " "), std::string::npos)
          << file.name << ' ' << word;
    }
  }
}

TEST(ExportCoq, written_bundles_are_complete) {
  const auto bundle = proofs::export_coq(good_proof());
  ASSERT_TRUE(bundle);
  std::string directory = testing::TempDir() + "isotrace-export-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  ASSERT_TRUE(proofs::write_bundle(*bundle, directory));
  for (const proofs::BundleFile& file : bundle->files)
    EXPECT_EQ(read_file(directory + "/" + file.path), file.bytes);
  std::filesystem::remove_all(directory);
}

TEST(ExportCoq, a_folder_that_cannot_be_written_is_refused) {
  const auto bundle = proofs::export_coq(good_proof());
  ASSERT_TRUE(bundle);
  const auto written = proofs::write_bundle(*bundle, "/dev/null/bundle");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, RefusalCode::file_write_failed);
}

TEST(ExportCoq, violated_properties_are_refused) {
  proofs::Proof proof = good_proof();
  proof.outcome = proofs::Proof::Outcome::violated;
  EXPECT_EQ(refusal_of(proof), RefusalCode::export_unsupported);
}

TEST(ExportCoq, properties_without_a_case_are_refused) {
  proofs::Proof proof = good_proof();
  proof.property_text += "(assert (<= X_0 -2.0))\n";
  proof.cases.clear();
  EXPECT_EQ(refusal_of(proof), RefusalCode::export_unsupported);
}

TEST(ExportCoq, other_semantics_are_refused) {
  proofs::Proof proof = good_proof();
  proof.semantics = "isonum-2";
  EXPECT_EQ(refusal_of(proof), RefusalCode::proof_semantics_unknown);
}

TEST(ExportCoq, programs_outside_the_chain_are_refused) {
  proofs::Proof proof = good_proof();
  ProgramBuilder builder({1, 2});
  builder.node(core::Op::tanh, {input_value()});
  proof.program = core::write_program(builder.finish());
  EXPECT_EQ(refusal_of(proof), RefusalCode::prove_unsupported);
}

TEST(ExportCoq, properties_of_other_networks_are_refused) {
  proofs::Proof proof = good_proof();
  proof.property_text = lower_bound_property(3, 1, "-100");
  EXPECT_EQ(refusal_of(proof), RefusalCode::property_mismatch);
}

TEST(ExportCoq, malformed_parts_are_refused) {
  proofs::Proof proof = good_proof();
  proof.property_text = "(assert";
  EXPECT_EQ(refusal_of(proof), RefusalCode::property_malformed);
  proof = good_proof();
  proof.program.resize(proof.program.size() / 2);
  EXPECT_NE(refusal_of(proof), RefusalCode::artifact_unknown);
}

}  // namespace
}  // namespace isotrace::tests
