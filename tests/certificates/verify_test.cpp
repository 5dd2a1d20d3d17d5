// Verification: every outcome with its exit code, and the attacks that must not pass.
#include <functional>

#include <gtest/gtest.h>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/strict_json.hpp>

#include "tests/certificates/sample.hpp"

namespace isotrace::certificates {
namespace {

using samples::Artifacts;
using samples::make_artifacts;
using samples::now;

class Verify : public ::testing::Test {
 protected:
  signing::SigningKey key_ = samples::make_key(1);
  Artifacts artifacts_ = make_artifacts();
  Artifacts other_ = make_artifacts(4);
  signing::CertifyInput input_ = artifacts_.input();
  Evidence evidence_ = artifacts_.evidence();
  Policy policy_ = signing::make_policy(key_.public_key(), now, samples::year);
  UnixSeconds time_ = now + 1;

  VerifyReport report(const core::Bytes& certificate) {
    return verify_certificate(certificate, policy_, evidence_, time_);
  }
  Outcome outcome() { return report(samples::certify(input_, key_)).outcome; }
  /// The outcome of a payload changed as JSON and signed again by the trusted key.
  Outcome outcome_of_payload(const std::function<void(Json&)>& change) {
    const core::Bytes payload = samples::payload_of(samples::certify(input_, key_));
    Json json = Json::parse(payload.begin(), payload.end());
    change(json);
    return report(samples::certify_text(write_json(json), key_)).outcome;
  }
};

TEST_F(Verify, everything_matches) {
  const VerifyReport good = report(samples::certify(input_, key_));
  EXPECT_EQ(good.outcome, Outcome::passed) << write_report(good);
  EXPECT_EQ(good.verdict, "PASSED");
  EXPECT_EQ(good.subject, "small.onnx");
  for (const Check& check : good.checks) EXPECT_EQ(check.status, CheckStatus::ok) << check.id;
}

TEST_F(Verify, the_model_alone_is_enough_by_default) {
  evidence_ = {};
  evidence_.model = artifacts_.model;
  EXPECT_EQ(outcome(), Outcome::passed);
}

TEST_F(Verify, p256_certificates_verify) {
  const signing::SigningKey key = signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  policy_ = signing::make_policy(key.public_key(), now, samples::year);
  EXPECT_EQ(report(samples::certify(input_, key)).outcome, Outcome::passed);
}

TEST_F(Verify, without_the_model_nothing_is_verified) {
  evidence_.model.reset();
  EXPECT_EQ(outcome(), Outcome::nothing_verified);
  evidence_ = {};
  EXPECT_EQ(outcome(), Outcome::nothing_verified);
  EXPECT_EQ(verify_certificates({}, policy_, evidence_, time_).outcome, Outcome::nothing_verified);
}

TEST_F(Verify, wrong_material_is_a_digest_mismatch) {
  evidence_.model = other_.model;
  EXPECT_EQ(outcome(), Outcome::digest);
  evidence_ = artifacts_.evidence();
  evidence_.identity = model_identity(other_.program);
  EXPECT_EQ(outcome(), Outcome::digest);
  evidence_ = artifacts_.evidence();
  evidence_.trace = other_.trace;
  EXPECT_EQ(outcome(), Outcome::digest);
  evidence_ = artifacts_.evidence();
  evidence_.proofs = {other_.proof};
  EXPECT_EQ(outcome(), Outcome::digest);
  evidence_.proofs = {artifacts_.proof, artifacts_.counterexample};
  EXPECT_EQ(outcome(), Outcome::digest);
  evidence_ = artifacts_.evidence();
  evidence_.properties = {core::as_bytes(artifacts_.false_property)};
  EXPECT_EQ(outcome(), Outcome::digest);
  evidence_ = artifacts_.evidence();
  evidence_.replay = core::Verdict::reject("step 0");
  EXPECT_EQ(outcome(), Outcome::digest);
  evidence_.replay = core::Verdict::leave_undecided("time");
  EXPECT_EQ(outcome(), Outcome::nothing_verified);
}

TEST_F(Verify, every_flipped_byte_of_the_material_is_noticed) {
  const core::Bytes certificate = samples::certify(input_, key_);
  for (std::size_t i = 0; i < artifacts_.trace.size(); i += 7) {
    core::Bytes trace = artifacts_.trace;
    trace[i] ^= 1;
    evidence_.trace = trace;
    EXPECT_EQ(report(certificate).outcome, Outcome::digest);
  }
}

TEST_F(Verify, material_that_the_certificate_does_not_bind_is_a_mismatch) {
  input_.trace.reset();
  input_.replay.reset();
  EXPECT_EQ(outcome(), Outcome::digest);
}

TEST_F(Verify, a_failed_verdict_is_authentic) {
  input_.replay->verdict = core::Verdict::reject("step 1");
  evidence_.replay = input_.replay->verdict;
  EXPECT_EQ(outcome(), Outcome::failed);
}

TEST_F(Verify, a_reproduced_counterexample_fails) {
  input_.claims = {{std::nullopt, artifacts_.counterexample, core::Verdict::accept()}};
  evidence_.proofs = {artifacts_.counterexample};
  evidence_.properties.clear();
  EXPECT_EQ(outcome(), Outcome::failed);
}

TEST_F(Verify, an_inconclusive_verdict_is_authentic) {
  input_.claims[0].proof.reset();
  evidence_.proofs.clear();
  EXPECT_EQ(outcome(), Outcome::inconclusive);
  input_.claims.clear();
  input_.replay.reset();
  evidence_.properties.clear();
  EXPECT_EQ(outcome(), Outcome::inconclusive);
}

TEST_F(Verify, untrusted_keys_are_refused) {
  const signing::SigningKey stranger = samples::make_key(2);
  EXPECT_EQ(report(samples::certify(input_, stranger)).outcome, Outcome::key);
}

TEST_F(Verify, a_key_that_is_not_a_certifier_is_untrusted) {
  policy_.keys.push_back({samples::make_key(2).public_key(), now, now + samples::year, {}});
  const signing::SigningKey other = samples::make_key(2);
  EXPECT_EQ(report(samples::certify(input_, other)).outcome, Outcome::key);
}

TEST_F(Verify, K08_expired_future_and_revoked_keys_are_refused) {
  const core::Bytes certificate = samples::certify(input_, key_);
  policy_.keys[0].valid_until = time_;
  EXPECT_EQ(report(certificate).outcome, Outcome::key);
  policy_.keys[0].valid_until = time_ + 1;
  EXPECT_EQ(report(certificate).outcome, Outcome::passed);
  policy_.keys[0].valid_from = time_ + 1;
  EXPECT_EQ(report(certificate).outcome, Outcome::key);
  policy_.keys[0].valid_from = time_;
  policy_.keys[0].revoked_at = time_ + 1000;
  EXPECT_EQ(report(certificate).outcome, Outcome::key);
}

TEST_F(Verify, a_manifest_is_no_folder_and_a_folder_no_file) {
  evidence_.model_kind = ModelKind::folder;
  EXPECT_EQ(outcome(), Outcome::digest);
  input_.model_kind = ModelKind::folder;
  EXPECT_EQ(outcome(), Outcome::passed);
  evidence_.model_kind = ModelKind::file;
  EXPECT_EQ(outcome(), Outcome::digest);
}

TEST_F(Verify, an_expired_policy_trusts_nobody) {
  policy_.expires = time_;
  EXPECT_EQ(outcome(), Outcome::policy);
}

TEST_F(Verify, signatures_by_somebody_else_are_bad) {
  const core::Bytes payload = samples::payload_of(samples::certify(input_, key_));
  Bundle bundle{key_.public_key().keyid(), payload, samples::make_key(2).sign(payload)};
  EXPECT_EQ(report(write_bundle(bundle)).outcome, Outcome::signature);
  // E03: the right key over the payload itself instead of its pre-authentication encoding.
  bundle.signature = key_.sign(payload);
  EXPECT_EQ(report(write_bundle(bundle)).outcome, Outcome::signature);
  for (const std::size_t size : {0U, 63U, 65U, 71U}) {
    bundle.signature.assign(size, 0);
    EXPECT_EQ(report(write_bundle(bundle)).outcome, Outcome::signature) << size;
  }
}

TEST_F(Verify, thresholds_count_distinct_keys) {
  const signing::SigningKey second = samples::make_key(2);
  policy_.keys.push_back({second.public_key(), now, now + samples::year, {}});
  policy_.certifier.keyids.push_back(second.public_key().keyid());
  policy_.certifier.threshold = 2;
  const core::Bytes one = samples::certify(input_, key_);
  const core::Bytes two = signing::sign_payload(samples::payload_of(one), second);
  const auto judge = [&](const std::vector<core::Bytes>& certificates) {
    std::vector<CertificateInput> inputs;
    for (const core::Bytes& bytes : certificates) inputs.push_back({bytes});
    return verify_certificates(inputs, policy_, evidence_, time_).outcome;
  };
  EXPECT_EQ(judge({one}), Outcome::signature);
  EXPECT_EQ(judge({one, one}), Outcome::signature);
  EXPECT_EQ(judge({one, two}), Outcome::passed);
  EXPECT_EQ(judge({two, one}), Outcome::passed);
  const core::Bytes elsewhere = samples::certify(other_.input(), second);
  EXPECT_EQ(judge({one, elsewhere}), Outcome::signature);
  const core::Bytes stranger =
      signing::sign_payload(samples::payload_of(one), samples::make_key(3));
  EXPECT_EQ(judge({one, two, stranger}), Outcome::key);
  const core::Bytes junk = {'{', '}'};
  EXPECT_EQ(judge({one, two, junk}), Outcome::malformed);
}

TEST_F(Verify, a_policy_without_an_applicable_rule_denies) {
  policy_.rules[0].subjects = {core::sha256(other_.model)};
  EXPECT_EQ(outcome(), Outcome::policy);
  policy_.rules.clear();
  EXPECT_EQ(outcome(), Outcome::policy);
}

TEST_F(Verify, rules_are_enforced) {
  const auto expect_denied = [&](const std::function<void(PolicyRule&)>& change) {
    const PolicyRule before = policy_.rules[0];
    change(policy_.rules[0]);
    EXPECT_EQ(outcome(), Outcome::policy);
    policy_.rules[0] = before;
  };
  expect_denied([](PolicyRule& rule) { rule.semantics = {"isonum-2"}; });
  expect_denied([](PolicyRule& rule) { rule.semantics.clear(); });
  expect_denied([](PolicyRule& rule) { rule.least_assurance = Assurance::proved; });
  expect_denied([](PolicyRule& rule) { rule.levels = {ClaimLevel::real}; });
  expect_denied([&](PolicyRule& rule) {
    rule.properties = {core::sha256(core::as_bytes(artifacts_.false_property))};
  });
  policy_.rules[0].properties = {core::sha256(core::as_bytes(artifacts_.property))};
  policy_.rules[0].any_property = true;
  policy_.rules[0].replay = true;
  EXPECT_EQ(outcome(), Outcome::passed);
  policy_.rules.push_back(policy_.rules[0]);
  policy_.rules[1].semantics = {"isonum-2"};
  EXPECT_EQ(outcome(), Outcome::policy) << "every rule that applies must be satisfied";
  policy_.rules.pop_back();
  input_.replay.reset();
  evidence_.replay.reset();
  EXPECT_EQ(outcome(), Outcome::policy);
}

TEST_F(Verify, evidence_that_the_policy_demands_must_be_there) {
  policy_.rules[0].evidence = {true, true, true};
  EXPECT_EQ(outcome(), Outcome::passed);
  evidence_.properties.clear();  // the proof contains it
  EXPECT_EQ(outcome(), Outcome::passed);
  evidence_.trace.reset();
  EXPECT_EQ(outcome(), Outcome::nothing_verified);
  evidence_ = artifacts_.evidence();
  evidence_.proofs.clear();
  EXPECT_EQ(outcome(), Outcome::nothing_verified);
  evidence_ = artifacts_.evidence();
  input_.trace.reset();
  input_.replay.reset();
  evidence_.trace.reset();
  evidence_.replay.reset();
  EXPECT_EQ(outcome(), Outcome::policy) << "the certificate binds no trace";
}

TEST_F(Verify, a_signed_lie_about_the_verdict_is_malformed) {
  EXPECT_EQ(outcome_of_payload([](Json&) {}), Outcome::passed);
  EXPECT_EQ(outcome_of_payload([](Json& json) { json["predicate"]["verdict"] = "FAILED"; }),
            Outcome::malformed);
  EXPECT_EQ(report(samples::certify_text("{}", key_)).outcome, Outcome::malformed);
  EXPECT_EQ(report(samples::certify_text("", key_)).outcome, Outcome::malformed);
}

TEST_F(Verify, a_signed_lie_about_a_proof_is_noticed_when_the_proof_is_there) {
  EXPECT_EQ(outcome_of_payload(
                [](Json& json) { json["predicate"]["claims"][0]["level"] = "exact_order"; }),
            Outcome::digest);
  EXPECT_EQ(outcome_of_payload(
                [](Json& json) { json["predicate"]["claims"][0]["proof"]["leaves"] = 1000; }),
            Outcome::digest);
}

/// Every leaf of a JSON value, by pointer.
void collect_leaves(const Json& json, const Json::json_pointer& at,
                    std::vector<Json::json_pointer>& leaves) {
  if (!json.is_structured()) {
    leaves.push_back(at);
  } else if (json.is_object()) {
    for (const auto& [key, value] : json.items()) collect_leaves(value, at / key, leaves);
  } else {
    for (std::size_t i = 0; i < json.size(); ++i) collect_leaves(json[i], at / i, leaves);
  }
}

/// Fields that name things without binding them: only the signature protects them.
bool is_display(const std::string& pointer) {
  for (const char* part : {"/backends/1/", "/toolchain/", "/checker/", "/claims/0/id",
                           "/claims/1/id", "/subject/0/name", "/nonClaims/", "/challenge/"}) {
    if (pointer.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST_F(Verify, no_field_can_be_spliced_from_another_certificate) {
  const core::Bytes mine = samples::certify(input_, key_);
  const core::Bytes theirs = samples::certify(other_.input(), key_);
  const core::Bytes my_payload = samples::payload_of(mine);
  const core::Bytes their_payload = samples::payload_of(theirs);
  const Json own = Json::parse(my_payload.begin(), my_payload.end());
  const Json foreign = Json::parse(their_payload.begin(), their_payload.end());
  std::vector<Json::json_pointer> leaves;
  collect_leaves(own, Json::json_pointer(), leaves);
  int spliced = 0;
  for (const auto& leaf : leaves) {
    if (!foreign.contains(leaf) || foreign[leaf] == own[leaf]) continue;
    Json mixed = own;
    mixed[leaf] = foreign[leaf];
    const std::string text = write_json(mixed);
    // With the old signature the signature fails; even signed again, the evidence does not match.
    Bundle bundle = *parse_bundle(mine);
    bundle.payload.assign(text.begin(), text.end());
    EXPECT_EQ(report(write_bundle(bundle)).outcome, Outcome::signature) << leaf;
    const Outcome resigned = report(samples::certify_text(text, key_)).outcome;
    EXPECT_TRUE(resigned == Outcome::digest || resigned == Outcome::malformed) << leaf;
    ++spliced;
  }
  EXPECT_GT(spliced, 8);
  // Payload of one, signature of the other.
  Bundle swapped = *parse_bundle(mine);
  swapped.payload = their_payload;
  EXPECT_EQ(report(write_bundle(swapped)).outcome, Outcome::signature);
}

/// Every value of a JSON value but the root, by pointer.
void collect_parts(const Json& json, const Json::json_pointer& at,
                   std::vector<Json::json_pointer>& parts) {
  if (!at.empty()) parts.push_back(at);
  if (!json.is_structured()) return;
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) collect_parts(value, at / key, parts);
  } else {
    for (std::size_t i = 0; i < json.size(); ++i) collect_parts(json[i], at / i, parts);
  }
}

TEST_F(Verify, no_part_of_file_or_statement_can_be_spliced_from_another_certificate) {
  const core::Bytes mine = samples::certify(input_, key_);
  const core::Bytes theirs = samples::certify(other_.input(), key_);
  const auto splice = [&](const Json& own, const Json& foreign, const auto& judge) {
    std::vector<Json::json_pointer> parts;
    collect_parts(own, Json::json_pointer(), parts);
    int spliced = 0;
    for (const auto& part : parts) {
      if (!foreign.contains(part) || foreign[part] == own[part]) continue;
      Json mixed = own;
      mixed[part] = foreign[part];
      judge(write_json(mixed), part.to_string());
      ++spliced;
    }
    return spliced;
  };
  const int in_file = splice(
      Json::parse(mine), Json::parse(theirs), [&](const std::string& text, const std::string& at) {
        // The whole envelope of the other one is a good certificate, but not of this model.
        const Outcome expected = at == "/dsseEnvelope" ? Outcome::digest : Outcome::signature;
        EXPECT_EQ(report(core::Bytes(text.begin(), text.end())).outcome, expected) << at;
      });
  EXPECT_GE(in_file, 5);
  const int in_statement =
      splice(Json::parse(samples::payload_of(mine)), Json::parse(samples::payload_of(theirs)),
             [&](const std::string& text, const std::string& at) {
               Bundle bundle = *parse_bundle(mine);
               bundle.payload.assign(text.begin(), text.end());
               EXPECT_EQ(report(write_bundle(bundle)).outcome, Outcome::signature) << at;
               EXPECT_NE(report(samples::certify_text(text, key_)).outcome, Outcome::passed) << at;
             });
  EXPECT_GE(in_statement, 16);
}

TEST_F(Verify, every_binding_field_is_checked_against_the_evidence) {
  const core::Bytes payload = samples::payload_of(samples::certify(input_, key_));
  const Json own = Json::parse(payload.begin(), payload.end());
  std::vector<Json::json_pointer> leaves;
  collect_leaves(own, Json::json_pointer(), leaves);
  for (const auto& leaf : leaves) {
    const std::string pointer = leaf.to_string();
    if (is_display(pointer)) continue;
    Json edited = own;
    if (own[leaf].is_number()) {
      edited[leaf] = own[leaf].get<std::uint64_t>() + 1;
    } else if (own[leaf].is_string()) {
      std::string text = own[leaf];
      if (text.empty()) continue;
      text.front() = text.front() == '0' ? '1' : '0';
      edited[leaf] = text;
    } else {
      continue;
    }
    const VerifyReport judged = report(samples::certify_text(write_json(edited), key_));
    EXPECT_TRUE(judged.outcome == Outcome::digest || judged.outcome == Outcome::malformed)
        << pointer << " " << write_report(judged);
  }
}

TEST_F(Verify, the_report_is_one_line_with_fixed_order) {
  const core::Bytes certificate = samples::certify(input_, key_);
  const std::string text = write_report(report(certificate));
  EXPECT_EQ(text, write_report(report(certificate)));
  EXPECT_TRUE(text.starts_with(
      R"({"schema":"https://isotrace.dev/report/verify/v1","result":"passed","code":0,)"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(Decide, fails_closed) {
  EXPECT_EQ(decide({}), Outcome::nothing_verified);
  std::vector<Check> checks;
  for (const std::string_view id : mandatory_checks) {
    checks.push_back({std::string(id), CheckStatus::ok, Outcome::malformed, {}, {}, {}, {}});
  }
  EXPECT_EQ(decide(checks), Outcome::passed);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    std::vector<Check> fewer = checks;
    fewer.erase(fewer.begin() + static_cast<long>(i));
    EXPECT_EQ(decide(fewer), Outcome::nothing_verified) << checks[i].id;
    std::vector<Check> skipped = checks;
    skipped[i].status = CheckStatus::skipped;
    EXPECT_EQ(decide(skipped), Outcome::nothing_verified) << checks[i].id;
    std::vector<Check> failed = checks;
    failed[i].status = CheckStatus::failed;
    EXPECT_EQ(decide(failed), Outcome::malformed) << checks[i].id;
    failed[i].on_failure = Outcome::passed;
    EXPECT_EQ(decide(failed), Outcome::nothing_verified) << checks[i].id;
  }
}

}  // namespace
}  // namespace isotrace::certificates
