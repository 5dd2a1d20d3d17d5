// The proof file: one encoding per proof, and a reason for every refusal.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include <isotrace/core/philox.hpp>
#include <isotrace/proofs/checker/proof.hpp>

#include "tests/support/mutate.hpp"

namespace isotrace::proofs {
namespace {

using core::RefusalCode;

ProofNode leaf(std::vector<double> multipliers, std::vector<std::uint8_t> slopes = {}) {
  ProofNode node;
  node.multipliers = std::move(multipliers);
  node.slopes = std::move(slopes);
  return node;
}

Proof sample() {
  Proof proof;
  proof.semantics = "isonum-1";
  proof.program = {1, 2, 3, 4, 5};
  proof.property_text = "(assert)";
  ProofNode split;
  split.kind = ProofNode::Kind::split;
  split.dimension = 3;
  split.at = 0.1;
  proof.cases = {{{split, leaf({1, 0.5}, {0, 128, 255}), leaf({-0.0})}}, {{leaf({})}}, {}};
  return proof;
}

Proof violated() {
  Proof proof = sample();
  proof.outcome = Proof::Outcome::violated;
  proof.cases.clear();
  proof.counterexample = {{1.5F, std::nanf("7")}, {-0.0F}, 4};
  return proof;
}

RefusalCode code_of(const core::Result<Proof>& proof) {
  EXPECT_FALSE(proof.has_value());
  return proof ? RefusalCode{} : proof.error().code;
}

TEST(ProofFile, ReadsBackWhatItWrote) {
  const auto proof = parse_proof(write_proof(sample()));
  ASSERT_TRUE(proof) << core::describe(proof.error());
  EXPECT_EQ(proof->cases, sample().cases);
  EXPECT_EQ(proof->semantics, "isonum-1");
  EXPECT_EQ(proof->program, sample().program);
  EXPECT_EQ(proof->property_text, sample().property_text);
  EXPECT_EQ(proof_digest(*proof), proof_digest(sample()));
}

TEST(ProofFile, KeepsTheBitsOfACounterexample) {
  const auto proof = parse_proof(write_proof(violated()));
  ASSERT_TRUE(proof) << core::describe(proof.error());
  const auto bits = [](float f) { return std::bit_cast<std::uint32_t>(f); };
  EXPECT_EQ(bits(proof->counterexample.inputs[1]), bits(std::nanf("7")));
  EXPECT_EQ(bits(proof->counterexample.outputs[0]), bits(-0.0F));
  EXPECT_EQ(proof->counterexample.violated_case, 4U);
}

TEST(ProofFile, DigestCoversEveryField) {
  std::vector<Proof> variants(14, sample());
  variants[1].outcome = Proof::Outcome::violated;
  variants[2].level = Level::real;
  variants[3].semantics = "isonum-2";
  variants[4].program[0] = 9;
  variants[5].property_text += " ";
  variants[6].cases.pop_back();
  variants[7].cases[0].nodes[0].at = 0.2;
  variants[8].cases[0].nodes[0].dimension = 2;
  variants[9].cases[0].nodes[1].multipliers[1] = 0.25;
  variants[10].cases[0].nodes[1].slopes[1] = 127;
  variants[11].cases[0].nodes[2].multipliers[0] = 0.0;
  variants[12].counterexample.inputs = {0};
  variants[13].counterexample.outputs = {0};
  std::set<core::Digest> digests;
  for (const Proof& proof : variants) digests.insert(proof_digest(proof));
  EXPECT_EQ(digests.size(), variants.size());
}

TEST(ProofFile, RefusesTrailingAndMissingBytes) {
  core::Bytes bytes = write_proof(sample());
  core::Bytes longer = bytes;
  longer.resize(longer.size() + 8);
  EXPECT_EQ(code_of(parse_proof(longer)), RefusalCode::proof_malformed);
  longer.resize(longer.size() - 1);
  EXPECT_EQ(code_of(parse_proof(longer)), RefusalCode::proof_malformed);
  for (std::size_t size = 0; size < bytes.size(); size += 8) {
    EXPECT_FALSE(parse_proof({bytes.data(), size}));
  }
}

TEST(ProofFile, RefusesChangedFields) {
  Proof proof = sample();
  proof.program.assign(64, 0xAB);
  core::Bytes bytes = write_proof(proof);
  const auto found = std::search_n(bytes.begin(), bytes.end(), 64, 0xAB);
  ASSERT_NE(found, bytes.end());
  *found = 0xAC;
  EXPECT_EQ(code_of(parse_proof(bytes)), RefusalCode::proof_digest_mismatch);
}

TEST(ProofFile, RefusesOtherVersions) {
  core::Bytes bytes = write_proof(sample());
  // Segment table (8 bytes), root pointer (8 bytes), then formatVersion.
  ASSERT_EQ(bytes[16], 1);
  bytes[16] = 2;
  EXPECT_EQ(code_of(parse_proof(bytes)), RefusalCode::proof_version_unsupported);
}

TEST(ProofFile, RefusesUnknownEnumerators) {
  Proof proof = sample();
  proof.level = static_cast<Level>(4);
  EXPECT_EQ(code_of(parse_proof(write_proof(proof))), RefusalCode::proof_malformed);
  proof = sample();
  proof.outcome = static_cast<Proof::Outcome>(0);
  EXPECT_EQ(code_of(parse_proof(write_proof(proof))), RefusalCode::proof_malformed);
  proof = sample();
  proof.cases[0].nodes[1].kind = static_cast<ProofNode::Kind>(6);
  EXPECT_EQ(code_of(parse_proof(write_proof(proof))), RefusalCode::proof_malformed);
}

TEST(ProofFile, RefusesEvidenceOfBothOutcomes) {
  Proof proof = sample();
  proof.counterexample.violated_case = 1;
  EXPECT_EQ(code_of(parse_proof(write_proof(proof))), RefusalCode::proof_malformed);
  proof = violated();
  proof.cases = sample().cases;
  EXPECT_EQ(code_of(parse_proof(write_proof(proof))), RefusalCode::proof_malformed);
}

TEST(ProofFile, RefusesAnAmplifiedListOfCases) {
  // A struct list of 2^28 elements of size zero costs an attacker sixteen bytes.
  core::Bytes bytes = write_proof(sample());
  for (std::size_t at = 8; at + 8 <= bytes.size(); at += 8) {
    core::Bytes hostile = bytes;
    // A list pointer (tag 1) to composite elements, at this word, counting far too many.
    const std::uint64_t pointer = 1 | (std::uint64_t{7} << 32) | (std::uint64_t{1} << 63);
    for (std::size_t i = 0; i < 8; ++i) {
      hostile[at + i] = static_cast<std::uint8_t>(pointer >> (8 * i));
    }
    EXPECT_FALSE(parse_proof(hostile));
  }
}

TEST(ProofFile, NoMutantIsReadAsAnotherEncoding) {
  core::PhiloxStream random(11);
  for (const Proof& proof : {sample(), violated()}) {
    const core::Bytes bytes = write_proof(proof);
    for (std::size_t i = 0; i < tests::mutant_count() / 2; ++i) {
      const core::Bytes mutant = tests::mutate(bytes, random);
      EXPECT_FALSE(parse_proof(mutant).has_value());
    }
  }
}

}  // namespace
}  // namespace isotrace::proofs
