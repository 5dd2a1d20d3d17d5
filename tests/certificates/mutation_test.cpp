// No edit of a valid certificate is accepted: every one-byte edit, and mutants of every kind.
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/strict_json.hpp>

#include "tests/certificates/mutate_structure.hpp"
#include "tests/certificates/sample.hpp"
#include "tests/support/data.hpp"
#include "tests/support/mutate.hpp"

namespace isotrace::certificates {
namespace {

using core::Bytes;
using samples::now;

/// An authentic certificate, and what it is judged with.
struct Subject {
  Bytes certificate;
  Policy policy;
  Bytes model;
  UnixSeconds time = now;

  [[nodiscard]] VerifyReport report(const Bytes& bytes) const {
    Evidence evidence;
    evidence.model = model;
    return verify_certificate(bytes, policy, evidence, time);
  }
  /// Malformed, by an unknown key, or not signed: nothing later, since nothing is authentic.
  void expect_refused(const Bytes& bytes, const std::string& what) const {
    const Outcome outcome = report(bytes).outcome;
    EXPECT_TRUE(outcome == Outcome::malformed || outcome == Outcome::key ||
                outcome == Outcome::signature)
        << what << ": " << outcome_name(outcome);
  }
};

Subject make_sample() {
  const signing::SigningKey key = samples::make_key(1);
  const samples::Artifacts artifacts = samples::make_artifacts();
  return {samples::certify(artifacts.input(), key),
          signing::make_policy(key.public_key(), now, samples::year), artifacts.model};
}

Subject load_fixture(const std::string& name) {
  const std::string fixtures = ISOTRACE_SOURCE "/fixtures/";
  const Bytes policy = tests::read_file(fixtures + "certificates/policy.json");
  return {tests::read_file(fixtures + "certificates/" + name), *parse_policy(policy),
          tests::read_file(fixtures + "controller/controller.onnx"), 1798675200};  // 2026-12-31
}

class Mutation : public ::testing::Test {
 protected:
  signing::SigningKey key_ = samples::make_key(1);
  Subject subject_ = make_sample();
  const Bytes& certificate_ = subject_.certificate;
  const Policy& policy_ = subject_.policy;
};

/// The sample of these tests and every certificate of fixtures/.
class Edits : public ::testing::TestWithParam<const char*> {
 protected:
  Subject subject_ = *GetParam() == '\0' ? make_sample() : load_fixture(GetParam());
  const Bytes& certificate_ = subject_.certificate;
};

TEST_P(Edits, the_original_is_authentic) {
  const VerifyReport report = subject_.report(certificate_);
  for (const char* id : {"signature", "threshold", "statement", "model.sha256"}) {
    const Check* check = report.find_check(id);
    EXPECT_TRUE(check != nullptr && check->status == CheckStatus::ok) << id;
  }
  EXPECT_EQ(report.verdict, "PASSED");
}

TEST_P(Edits, every_deletion_and_truncation_is_refused) {
  for (std::size_t i = 0; i < certificate_.size(); ++i) {
    Bytes shorter = certificate_;
    shorter.erase(shorter.begin() + static_cast<long>(i));
    subject_.expect_refused(shorter, "deletion at " + std::to_string(i));
    shorter = certificate_;
    shorter.resize(i);
    subject_.expect_refused(shorter, "truncation at " + std::to_string(i));
  }
}

TEST_P(Edits, substitutions_and_insertions_at_every_place_are_refused) {
  core::PhiloxStream random(16);
  // Neighbours in the alphabets of base64 and hex, what JSON gives meaning to, and two at random;
  // with ISOTRACE_ALL_EDITS every byte that there is (minutes).
  std::string values = "A/\"\\{";
  if (std::getenv("ISOTRACE_ALL_EDITS") != nullptr) {
    values.clear();
    for (int value = 0; value < 256; ++value) values += static_cast<char>(value);
  }
  std::size_t edits = 0;
  for (std::size_t i = 0; i < certificate_.size(); ++i) {
    std::string here = values;
    here += static_cast<char>(random.next_u32());
    here += static_cast<char>(random.next_u32());
    here += static_cast<char>(certificate_[i] ^ 1);
    here += static_cast<char>(certificate_[i] ^ 0x20);
    here += '\0';
    for (const char value : here) {
      Bytes edited = certificate_;
      edited.insert(edited.begin() + static_cast<long>(i), static_cast<std::uint8_t>(value));
      subject_.expect_refused(edited, "insertion at " + std::to_string(i));
      edited = certificate_;
      edited[i] = static_cast<std::uint8_t>(value);
      if (edited != certificate_) {
        subject_.expect_refused(edited, "substitution at " + std::to_string(i));
      }
    }
    edits += 2 * here.size();
  }
  RecordProperty("edits", std::to_string(edits));
  std::cout << edits << " edits refused\n";
}

INSTANTIATE_TEST_SUITE_P(Certificates, Edits,
                         ::testing::Values("", "controller.ed25519.cert.sigstore.json",
                                           "controller.ecdsa-p256.cert.sigstore.json"));

TEST_F(Mutation, mutants_of_the_file_are_refused) {
  core::PhiloxStream random(17);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    subject_.expect_refused(tests::mutate(certificate_, random), "mutant " + std::to_string(i));
  }
}

TEST_F(Mutation, structural_mutants_are_refused) {
  const Bundle good = *parse_bundle(certificate_);
  const Json file = Json::parse(certificate_.begin(), certificate_.end());
  const Json payload = Json::parse(good.payload.begin(), good.payload.end());
  core::PhiloxStream random(22);
  std::size_t tried = 0;
  for (; tried < tests::mutant_count(); ++tried) {
    Bytes bytes;
    if (random.next_below(3) == 0) {
      const std::string text = write_json(samples::mutate_structure(file, random));
      bytes.assign(text.begin(), text.end());
    } else {
      // In canonical form and with the good signature: only what the signature covers is left.
      Bundle bundle = good;
      const std::string text = write_json(samples::mutate_structure(payload, random));
      bundle.payload.assign(text.begin(), text.end());
      bytes = write_bundle(bundle);
    }
    subject_.expect_refused(bytes, std::string(core::as_text(bytes)));
  }
  std::cout << tried << " structural mutants refused\n";
}

TEST_F(Mutation, structural_mutants_signed_again_are_closed_statements_or_malformed) {
  const Bytes payload = samples::payload_of(certificate_);
  const Json json = Json::parse(payload.begin(), payload.end());
  core::PhiloxStream random(24);
  for (std::size_t i = 0; i < tests::mutant_count() / 4; ++i) {
    const std::string text = write_json(samples::mutate_structure(json, random));
    const auto statement = parse_statement(core::as_bytes(text));
    if (!statement) continue;
    EXPECT_EQ(core::as_text(signing::write_statement(*statement)), text);
  }
}

TEST_F(Mutation, mutants_of_payload_and_signature_in_a_good_envelope_are_refused) {
  core::PhiloxStream random(18);
  const Bundle good = *parse_bundle(certificate_);
  for (std::size_t i = 0; i < tests::mutant_count() / 4; ++i) {
    Bundle bundle = good;
    if (i % 2 == 0) {
      bundle.payload = tests::mutate(good.payload, random);
    } else {
      bundle.signature = tests::mutate(good.signature, random);
    }
    subject_.expect_refused(write_bundle(bundle), "mutant " + std::to_string(i));
  }
}

TEST_F(Mutation, mutants_of_the_payload_signed_again_never_crash_or_lie) {
  core::PhiloxStream random(19);
  const Bytes payload = samples::payload_of(certificate_);
  for (std::size_t i = 0; i < tests::mutant_count() / 4; ++i) {
    const Bytes mutant = tests::mutate(payload, random);
    const auto statement = parse_statement(mutant);
    if (!statement) continue;
    // What is accepted is canonical.
    EXPECT_EQ(core::as_text(signing::write_statement(*statement)), core::as_text(mutant));
  }
}

TEST_F(Mutation, mutants_of_policies_never_crash_and_stay_canonical) {
  core::PhiloxStream random(20);
  const std::string text = signing::write_policy(policy_);
  for (std::size_t i = 0; i < tests::mutant_count() / 4; ++i) {
    const Bytes mutant = tests::mutate(Bytes(text.begin(), text.end()), random);
    const auto policy = parse_policy(mutant);
    // Every accepted policy can be trusted to say what it says: reading it gives it back (claims
    // and words may stand in another order).
    if (policy) {
      const std::string again = signing::write_policy(*policy);
      EXPECT_TRUE(parse_policy(core::as_bytes(again)).has_value());
    }
  }
}

TEST_F(Mutation, mutants_of_keys_never_crash) {
  core::PhiloxStream random(21);
  const std::string open = write_public_key(key_.public_key());
  const std::string secret = signing::write_private_key(key_);
  for (std::size_t i = 0; i < tests::mutant_count() / 4; ++i) {
    const auto key = parse_public_key(tests::mutate(Bytes(open.begin(), open.end()), random));
    EXPECT_TRUE(!key || key->keyid() != key_.public_key().keyid() ||
                write_public_key(*key) == open);
    const auto pair =
        signing::parse_private_key(tests::mutate(Bytes(secret.begin(), secret.end()), random));
    EXPECT_TRUE(!pair || pair->pkcs8().size() == key_.pkcs8().size());
  }
}

}  // namespace
}  // namespace isotrace::certificates
