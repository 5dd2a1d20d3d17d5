// No edit of a valid certificate is accepted: every one-byte edit, and mutants of every kind.
#include <cstdlib>

#include <gtest/gtest.h>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/strict_json.hpp>

#include "tests/certificates/sample.hpp"
#include "tests/support/mutate.hpp"

namespace isotrace::certificates {
namespace {

using core::Bytes;
using testing::now;

class Mutation : public ::testing::Test {
 protected:
  signing::SigningKey key_ = testing::make_key(1);
  testing::Artifacts artifacts_ = testing::make_artifacts();
  Bytes certificate_ = testing::certify(artifacts_.input(), key_);
  Policy policy_ = signing::make_policy(key_.public_key(), now, testing::year);

  Outcome judge(const Bytes& certificate) {
    Evidence evidence;
    evidence.model = artifacts_.model;
    return verify_certificate(certificate, policy_, evidence, now).outcome;
  }
  /// Malformed, by an unknown key, or not signed: nothing later, since nothing is authentic.
  void expect_refused(const Bytes& certificate, const std::string& what) {
    const Outcome outcome = judge(certificate);
    EXPECT_TRUE(outcome == Outcome::malformed || outcome == Outcome::key ||
                outcome == Outcome::signature)
        << what << ": " << outcome_name(outcome);
  }
};

TEST_F(Mutation, the_original_passes) { EXPECT_EQ(judge(certificate_), Outcome::passed); }

TEST_F(Mutation, every_deletion_and_truncation_is_refused) {
  for (std::size_t i = 0; i < certificate_.size(); ++i) {
    Bytes shorter = certificate_;
    shorter.erase(shorter.begin() + static_cast<long>(i));
    expect_refused(shorter, "deletion at " + std::to_string(i));
    shorter = certificate_;
    shorter.resize(i);
    expect_refused(shorter, "truncation at " + std::to_string(i));
  }
}

TEST_F(Mutation, substitutions_and_insertions_at_every_place_are_refused) {
  core::PhiloxStream random(16);
  // Neighbours in the alphabets of base64 and hex, what JSON gives meaning to, and two at random;
  // with ISOTRACE_ALL_EDITS every byte that there is (minutes).
  std::string values = "A/\"\\{";
  if (std::getenv("ISOTRACE_ALL_EDITS") != nullptr) {
    values.clear();
    for (int value = 0; value < 256; ++value) values += static_cast<char>(value);
  }
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
      expect_refused(edited, "insertion at " + std::to_string(i));
      edited = certificate_;
      edited[i] = static_cast<std::uint8_t>(value);
      if (edited != certificate_) expect_refused(edited, "substitution at " + std::to_string(i));
    }
  }
}

TEST_F(Mutation, mutants_of_the_file_are_refused) {
  core::PhiloxStream random(17);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    expect_refused(tests::mutate(certificate_, random), "mutant " + std::to_string(i));
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
    expect_refused(write_bundle(bundle), "mutant " + std::to_string(i));
  }
}

TEST_F(Mutation, mutants_of_the_payload_signed_again_never_crash_or_lie) {
  core::PhiloxStream random(19);
  const Bytes payload = testing::payload_of(certificate_);
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
