// Making certificates: only what was checked is claimed, and only of artifacts that belong
// together.
#include <gtest/gtest.h>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/checker/proof.hpp>

#include "tests/certificates/sample.hpp"

namespace isotrace::certificates {
namespace {

using core::RefusalCode;
using samples::Artifacts;
using samples::make_artifacts;

class Certify : public ::testing::Test {
 protected:
  Artifacts artifacts_ = make_artifacts();
  Artifacts other_ = make_artifacts(4);
  signing::CertifyInput input_ = artifacts_.input();

  Statement statement() {
    auto made = signing::make_statement(input_);
    EXPECT_TRUE(made.has_value()) << core::describe(made.error());
    return made ? *std::move(made) : Statement{};
  }
  void expect_refused(RefusalCode code) {
    const auto made = signing::make_statement(input_);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, code) << core::describe(made.error());
  }
};

TEST_F(Certify, a_checked_proof_and_a_replay_pass) {
  const Statement made = statement();
  ASSERT_EQ(made.claims.size(), 2U);
  EXPECT_EQ(made.claims[0].result, ClaimResult::holds);
  EXPECT_EQ(made.claims[0].assurance, Assurance::proved);
  EXPECT_EQ(made.claims[0].level, ClaimLevel::any_order);
  EXPECT_EQ(made.claims[0].property->text, artifacts_.property);
  EXPECT_EQ(made.claims[1].method, ClaimMethod::replay);
  EXPECT_EQ(verdict_of(made.claims), StatementVerdict::passed);
  EXPECT_EQ(made.semantics, "isonum-1");
  ASSERT_EQ(made.backends.size(), 2U);
  EXPECT_EQ(made.backends[1].id, "cpu");
}

TEST_F(Certify, equal_inputs_give_equal_bytes) {
  const signing::SigningKey key = samples::make_key(1);
  const Artifacts again = make_artifacts();
  EXPECT_EQ(core::to_hex(samples::certify(input_, key)),
            core::to_hex(samples::certify(again.input(), key)));
}

TEST_F(Certify, with_p256_the_payloads_are_equal) {
  const signing::SigningKey key = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  EXPECT_EQ(core::to_hex(samples::payload_of(samples::certify(input_, key))),
            core::to_hex(samples::payload_of(samples::certify(input_, key))));
}

TEST_F(Certify, a_property_without_a_proof_is_unknown) {
  input_.claims[0].proof.reset();
  EXPECT_EQ(statement().claims[0].result, ClaimResult::unknown);
  EXPECT_EQ(verdict_of(statement().claims), StatementVerdict::inconclusive);
}

TEST_F(Certify, a_trace_that_was_not_replayed_claims_nothing) {
  input_.claims.clear();
  input_.replay.reset();
  EXPECT_TRUE(statement().claims.empty());
  EXPECT_EQ(verdict_of(statement().claims), StatementVerdict::inconclusive);
}

TEST_F(Certify, a_diverging_replay_fails) {
  input_.replay->verdict = core::Verdict::reject("step 1");
  EXPECT_EQ(verdict_of(statement().claims), StatementVerdict::failed);
  input_.replay->verdict = core::Verdict::leave_undecided("time");
  EXPECT_EQ(verdict_of(statement().claims), StatementVerdict::inconclusive);
}

TEST_F(Certify, a_counterexample_counts_only_if_it_was_executed_again) {
  input_.claims = {{std::nullopt, artifacts_.counterexample, std::nullopt}};
  EXPECT_EQ(statement().claims[0].result, ClaimResult::unknown);
  input_.claims[0].rerun = core::Verdict::reject("other outputs");
  EXPECT_EQ(statement().claims[0].result, ClaimResult::unknown);
  input_.claims[0].rerun = core::Verdict::accept();
  EXPECT_EQ(statement().claims[0].result, ClaimResult::violated);
  EXPECT_EQ(verdict_of(statement().claims), StatementVerdict::failed);
}

TEST_F(Certify, nothing_to_certify_is_evidence_missing) {
  input_.claims.clear();
  input_.replay.reset();
  input_.trace.reset();
  expect_refused(RefusalCode::evidence_missing);
  input_.claims.emplace_back();
  expect_refused(RefusalCode::evidence_missing);
}

TEST_F(Certify, a_replay_without_a_trace_is_evidence_missing) {
  input_.trace.reset();
  expect_refused(RefusalCode::evidence_missing);
}

TEST_F(Certify, a_proof_about_another_program_is_inconsistent) {
  input_.claims[0].proof = other_.proof;
  expect_refused(RefusalCode::evidence_inconsistent);
}

TEST_F(Certify, a_trace_of_another_program_is_inconsistent) {
  input_.trace = other_.trace;
  expect_refused(RefusalCode::evidence_inconsistent);
}

TEST_F(Certify, another_model_identity_is_inconsistent) {
  input_.identity = model_identity(other_.program);
  expect_refused(RefusalCode::evidence_inconsistent);
  input_.identity = model_identity(artifacts_.program);
  input_.identity.weights_root = other_.input().identity.weights_root;
  expect_refused(RefusalCode::evidence_inconsistent);
}

TEST_F(Certify, a_proof_of_another_property_is_inconsistent) {
  const std::string property = artifacts_.property + "; comment\n";
  input_.claims[0].property = core::as_bytes(property);
  expect_refused(RefusalCode::evidence_inconsistent);
}

TEST_F(Certify, a_proof_that_does_not_check_is_inconsistent) {
  // The same shape of proof, for a property that does not hold.
  proofs::Proof proof = *proofs::parse_proof(artifacts_.proof);
  proof.property_text = artifacts_.false_property;
  const core::Bytes bytes = proofs::write_proof(proof);
  input_.claims = {{std::nullopt, bytes, std::nullopt}};
  expect_refused(RefusalCode::evidence_inconsistent);
}

TEST_F(Certify, damaged_artifacts_are_refused_by_their_readers) {
  const core::Bytes half(artifacts_.trace.begin(),
                         artifacts_.trace.begin() + static_cast<long>(artifacts_.trace.size() / 2));
  input_.trace = half;
  EXPECT_FALSE(signing::make_statement(input_).has_value());
  input_ = artifacts_.input();
  const core::Bytes junk = {1, 2, 3};
  input_.claims[0].proof = junk;
  EXPECT_FALSE(signing::make_statement(input_).has_value());
}

TEST_F(Certify, names_that_are_not_plain_are_escaped_or_refused) {
  input_.model_name =
      "m\xC3\xB6"
      "del\x1b[0m.onnx";
  EXPECT_EQ(statement().subject, "m%c3%b6del%1b[0m.onnx");
  input_.model_name.clear();
  expect_refused(RefusalCode::certificate_malformed);
  input_ = artifacts_.input();
  input_.challenge = {"nonce", "a\nb"};
  expect_refused(RefusalCode::certificate_malformed);
}

TEST_F(Certify, a_certificate_over_the_limit_is_refused) {
  input_.evidence.assign(64, {std::string(500, 'n'), std::string(500, 'm'), core::Digest{}});
  const auto made = signing::make_certificate(input_, samples::make_key(1));
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, RefusalCode::limit_exceeded);
}

TEST_F(Certify, long_property_texts_are_bound_but_not_shown) {
  std::string property = artifacts_.property + ";" + std::string(shown_text_max, 'x') + "\n";
  input_.claims = {{core::as_bytes(property), std::nullopt, std::nullopt}};
  EXPECT_TRUE(statement().claims[0].property->text.empty());
  EXPECT_EQ(statement().claims[0].property->sha256, core::sha256(core::as_bytes(property)));
}

}  // namespace
}  // namespace isotrace::certificates
