// Bundles: deterministic, complete, and refused where nothing can be stated.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_library.hpp>

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
  ASSERT_EQ(bundle->obligations.size(), 2U);
  EXPECT_EQ(bundle->obligations[1].theorem, "Isotrace.Gen.Proof_case1.proof");
}

TEST(ExportCoq, the_library_is_embedded_byte_for_byte) {
  const auto library = proofs::coq_library();
  EXPECT_EQ(library.size(), 7U);
  for (const proofs::CoqFile& file : library) {
    const core::Bytes bytes = read_file(std::string(COQ_SOURCES) + "/" + std::string(file.name));
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
