// Who vouches: signed policies, thresholds, logs in bundles, sealed batches. Time stamps need an
// authority, which tests/cli/transparency_test.py makes with openssl.
#include <gtest/gtest.h>

#include <isotrace/certificates/signed_policy.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/signing/envelopes.hpp>

#include "tests/certificates/sample.hpp"

namespace isotrace::certificates {
namespace {

using core::RefusalCode;
using samples::now;
using signing::SigningKey;

class SignedPolicy : public ::testing::Test {
 protected:
  SigningKey certifier_ = samples::make_key(1);
  SigningKey root_ = samples::make_key(2);
  SigningKey next_root_ = samples::make_key(3);
  Policy policy_ = with_root(root_, 1);
  Policy next_ = with_root(root_, 2);

  Policy with_root(const SigningKey& root, std::uint64_t version) {
    Policy policy = signing::make_policy(certifier_.public_key(), now, samples::year);
    policy.version = version;
    policy.keys.push_back({root.public_key(), now, now + samples::year, {}});
    policy.root = {{root.public_key().keyid()}, 1};
    return read(signing::write_policy(policy));
  }
  static Policy read(const std::string& text) {
    auto policy = parse_policy(core::as_bytes(text));
    EXPECT_TRUE(policy.has_value());
    return *std::move(policy);
  }
  static core::Bytes sign(const Policy& policy, const std::vector<const SigningKey*>& keys) {
    const std::string text = signing::write_policy(policy);
    Envelope envelope{core::Bytes(text.begin(), text.end()), {}};
    for (const SigningKey* key : keys) {
      signing::add_signature(envelope, policy_payload_type, *key);
    }
    return write_policy_envelope(envelope);
  }
  RefusalCode refusal(const core::Bytes& bytes, UnixSeconds time = now + 1) {
    const auto opened = open_policy(bytes, &policy_, time);
    EXPECT_FALSE(opened.has_value());
    return opened ? RefusalCode::artifact_unknown : opened.error().code;
  }
};

TEST_F(SignedPolicy, the_next_policy_takes_over) {
  const auto opened = open_policy(sign(next_, {&root_}), &policy_, now + 1);
  ASSERT_TRUE(opened.has_value()) << core::describe(opened.error());
  EXPECT_EQ(opened->version, 2U);
  EXPECT_EQ(opened->sha256, next_.sha256);
}

TEST_F(SignedPolicy, the_pinned_policy_vouches_for_itself) {
  const std::string text = signing::write_policy(policy_);
  EXPECT_TRUE(open_policy(core::as_bytes(text), &policy_, now).has_value());
  EXPECT_TRUE(open_policy(sign(policy_, {&certifier_}), &policy_, now).has_value());
}

TEST_F(SignedPolicy, nobody_else_vouches) {
  EXPECT_EQ(refusal(sign(next_, {&certifier_})), RefusalCode::policy_untrusted);
  EXPECT_EQ(refusal(sign(next_, {&next_root_})), RefusalCode::policy_untrusted);
  const std::string bare = signing::write_policy(next_);
  EXPECT_EQ(refusal(core::Bytes(bare.begin(), bare.end())), RefusalCode::policy_untrusted);
  EXPECT_EQ(refusal(sign(next_, {&root_}), now + 2 * samples::year), RefusalCode::policy_untrusted);
}

TEST_F(SignedPolicy, versions_only_grow) {
  next_.version = 1;
  next_.expires += 1;
  EXPECT_EQ(refusal(sign(next_, {&root_})), RefusalCode::policy_untrusted);
  next_.version = 0;
  EXPECT_EQ(refusal(sign(next_, {&root_})), RefusalCode::policy_untrusted);
}

TEST_F(SignedPolicy, new_roots_need_the_old_and_the_new_signature) {
  const Policy next = with_root(next_root_, 2);
  EXPECT_EQ(refusal(sign(next, {&root_})), RefusalCode::policy_untrusted);
  EXPECT_EQ(refusal(sign(next, {&next_root_})), RefusalCode::policy_untrusted);
  EXPECT_TRUE(open_policy(sign(next, {&root_, &next_root_}), &policy_, now + 1).has_value());
}

TEST_F(SignedPolicy, revoked_roots_do_not_count) {
  policy_.keys[1].revoked_at = now + 1000;
  EXPECT_EQ(refusal(sign(next_, {&root_})), RefusalCode::policy_untrusted);
}

TEST_F(SignedPolicy, a_policy_without_roots_vouches_for_no_other) {
  policy_.root = {};
  next_.root = {};
  EXPECT_EQ(refusal(sign(next_, {&root_})), RefusalCode::policy_untrusted);
}

TEST_F(SignedPolicy, no_one_byte_edit_of_an_envelope_passes) {
  const core::Bytes good = sign(next_, {&root_});
  for (std::size_t i = 0; i < good.size(); i += 3) {
    core::Bytes edited = good;
    edited[i] ^= 1;
    EXPECT_FALSE(open_policy(edited, &policy_, now + 1).has_value()) << i;
    edited = good;
    edited.erase(edited.begin() + static_cast<long>(i));
    EXPECT_FALSE(open_policy(edited, &policy_, now + 1).has_value()) << i;
  }
}

TEST_F(SignedPolicy, the_same_root_signs_once) {
  Envelope envelope = *parse_policy_envelope(sign(next_, {&root_, &root_}));
  ASSERT_EQ(envelope.signatures.size(), 1U);
  envelope.signatures.push_back(envelope.signatures[0]);
  EXPECT_EQ(refusal(write_policy_envelope(envelope)), RefusalCode::policy_malformed);
}

class Forms : public ::testing::Test {
 protected:
  SigningKey key_ = samples::make_key(1);
  SigningKey log_ = samples::make_key(9);
  samples::Artifacts artifacts_ = samples::make_artifacts();
  samples::Artifacts other_ = samples::make_artifacts(4);
  Evidence evidence_ = artifacts_.evidence();
  Policy policy_ = signing::make_policy(key_.public_key(), now, samples::year);
  core::Bytes certificate_ = samples::certify(artifacts_.input(), key_);
  core::Bytes other_certificate_ = samples::certify(other_.input(), key_);

  void SetUp() override {
    policy_.keys.push_back({log_.public_key(), now, now + samples::year, {}});
    policy_.logs = {{"log.example.org/a", log_.public_key().keyid()}};
  }
  VerifyReport judge(const core::Bytes& certificate,
                     std::optional<core::ByteView> log_proof = std::nullopt) {
    const CertificateInput input{certificate, log_proof};
    return verify_certificates({&input, 1}, policy_, evidence_, now + 1);
  }
  LogProof prove(const core::Bytes& certificate, const SigningKey& log_key,
                 const std::string& origin) {
    const Bundle bundle = *parse_bundle(certificate);
    std::vector<core::Digest> leaves(5);
    const std::string entry = log_entry(bundle.payload, bundle.signature, key_.public_key());
    leaves[2] = core::merkle_leaf(core::as_bytes(entry));
    LogProof proof;
    proof.index = 2;
    proof.hashes = core::merkle_inclusion_proof(leaves, 2);
    proof.checkpoint = signing::sign_note(
        write_checkpoint({origin, leaves.size(), core::merkle_root(leaves)}), origin, log_key);
    return proof;
  }
  core::Bytes with_log(const LogProof& proof) {
    Bundle bundle = *parse_bundle(certificate_);
    const std::string entry = log_entry(bundle.payload, bundle.signature, key_.public_key());
    bundle.log = BundleLog{proof, core::Bytes(entry.begin(), entry.end()),
                           note_key_digest("log.example.org/a", log_.public_key())};
    return write_bundle(bundle);
  }
};

TEST_F(Forms, a_log_proof_stands_beside_or_inside) {
  policy_.rules[0].evidence.log = true;
  EXPECT_EQ(judge(certificate_).outcome, Outcome::nothing_verified);
  const LogProof proof = prove(certificate_, log_, "log.example.org/a");
  const std::string text = write_log_proof(proof);
  const VerifyReport beside = judge(certificate_, core::as_bytes(text));
  EXPECT_EQ(beside.outcome, Outcome::passed) << write_report(beside);
  ASSERT_TRUE(beside.signers[0].log.has_value());
  EXPECT_EQ(beside.signers[0].log->index, 2U);
  EXPECT_EQ(judge(with_log(proof)).outcome, Outcome::passed);
}

TEST_F(Forms, replayed_and_foreign_log_proofs_are_refused) {
  const auto outcome = [&](const LogProof& proof) {
    const std::string text = write_log_proof(proof);
    const Outcome beside = judge(certificate_, core::as_bytes(text)).outcome;
    EXPECT_EQ(judge(with_log(proof)).outcome, beside);
    return beside;
  };
  EXPECT_EQ(outcome(prove(other_certificate_, log_, "log.example.org/a")), Outcome::log);
  EXPECT_EQ(outcome(prove(certificate_, log_, "log.example.org/b")), Outcome::log);
  EXPECT_EQ(outcome(prove(certificate_, key_, "log.example.org/a")), Outcome::log);
  policy_.keys.back().revoked_at = now;
  EXPECT_EQ(outcome(prove(certificate_, log_, "log.example.org/a")), Outcome::log);
  const core::Bytes junk = {'x'};
  EXPECT_EQ(judge(certificate_, junk).outcome, Outcome::log);
}

TEST_F(Forms, no_one_byte_edit_of_a_full_bundle_passes) {
  const core::Bytes full = with_log(prove(certificate_, log_, "log.example.org/a"));
  ASSERT_EQ(judge(full).outcome, Outcome::passed);
  EXPECT_EQ(write_bundle(*parse_bundle(full)), full);
  for (std::size_t i = 0; i < full.size(); i += 2) {
    core::Bytes edited = full;
    edited[i] ^= static_cast<std::uint8_t>(1U << (i / 2 % 6));
    EXPECT_NE(judge(edited).outcome, Outcome::passed) << i;
    edited = full;
    edited.insert(edited.begin() + static_cast<long>(i), full[i]);
    EXPECT_NE(judge(edited).outcome, Outcome::passed) << i;
  }
}

TEST_F(Forms, contradictory_log_members_are_malformed) {
  const core::Bytes full = with_log(prove(certificate_, log_, "log.example.org/a"));
  const auto change = [&](const std::string& pointer, const Json& value) {
    Json json = Json::parse(full.begin(), full.end());
    json[Json::json_pointer("/verificationMaterial/tlogEntries/0" + pointer)] = value;
    const std::string text = write_json(json);
    return judge(core::Bytes(text.begin(), text.end())).outcome;
  };
  EXPECT_EQ(change("/logIndex", "3"), Outcome::malformed);
  EXPECT_EQ(change("/integratedTime", "1"), Outcome::malformed);
  EXPECT_EQ(change("/inclusionProof/treeSize", "6"), Outcome::malformed);
  EXPECT_EQ(change("/inclusionProof/logIndex", "2 "), Outcome::malformed);
  EXPECT_EQ(change("/kindVersion/version", "0.0.1"), Outcome::malformed);
  EXPECT_EQ(change("/extra", 1), Outcome::malformed);
  EXPECT_EQ(change("/logId/keyId", std::string(43, 'A') + "="), Outcome::log);
  EXPECT_EQ(change("/canonicalizedBody", "AAAA"), Outcome::log);
}

TEST_F(Forms, one_file_of_several_signers) {
  const SigningKey second = samples::make_key(2);
  policy_.keys.push_back({second.public_key(), now, now + samples::year, {}});
  policy_.certifier.keyids.push_back(second.public_key().keyid());
  policy_.certifier.threshold = 2;
  Envelope envelope{samples::payload_of(certificate_), {}};
  signing::add_signature(envelope, payload_media_type, key_);
  EXPECT_EQ(judge(write_signatures(envelope)).outcome, Outcome::signature);
  signing::add_signature(envelope, payload_media_type, second);
  EXPECT_EQ(judge(write_signatures(envelope)).outcome, Outcome::passed);
  const core::Bytes good = write_signatures(envelope);
  for (std::size_t i = 0; i < good.size(); i += 2) {
    core::Bytes edited = good;
    edited[i] ^= 1;
    EXPECT_NE(judge(edited).outcome, Outcome::passed) << i;
  }
  // The same key twice, once under another name; a third who is nobody.
  std::swap(envelope.signatures[0], envelope.signatures[1]);
  EXPECT_EQ(judge(write_signatures(envelope)).outcome, Outcome::malformed);
  std::swap(envelope.signatures[0], envelope.signatures[1]);
  Envelope twice = envelope;
  twice.signatures[1] = twice.signatures[0];
  EXPECT_EQ(judge(write_signatures(twice)).outcome, Outcome::malformed);
  twice.signatures[1].keyid = second.public_key().keyid();
  std::sort(twice.signatures.begin(), twice.signatures.end(),
            [](const auto& a, const auto& b) { return a.keyid < b.keyid; });
  EXPECT_NE(judge(write_signatures(twice)).outcome, Outcome::passed);
  signing::add_signature(envelope, payload_media_type, samples::make_key(5));
  EXPECT_EQ(judge(write_signatures(envelope)).outcome, Outcome::key);
}

TEST_F(Forms, sealed_certificates_verify_like_signed_ones) {
  const core::Bytes mine = samples::payload_of(certificate_);
  const core::Bytes theirs = samples::payload_of(other_certificate_);
  const auto sealed = signing::seal_payloads(std::vector<core::Bytes>{theirs, mine, theirs}, key_);
  ASSERT_TRUE(sealed.has_value());
  const VerifyReport report = judge((*sealed)[1]);
  EXPECT_EQ(report.outcome, Outcome::passed) << write_report(report);
  EXPECT_EQ(report.certificate_id(), core::sha256(mine));
  EXPECT_EQ(judge((*sealed)[0]).outcome, Outcome::digest) << "it is of the other model";
  const core::Bytes& good = (*sealed)[1];
  for (std::size_t i = 0; i < good.size(); ++i) {
    core::Bytes edited = good;
    edited[i] ^= 1;
    EXPECT_NE(judge(edited).outcome, Outcome::passed) << i;
    edited = good;
    edited.erase(edited.begin() + static_cast<long>(i));
    EXPECT_NE(judge(edited).outcome, Outcome::passed) << i;
  }
}

TEST_F(Forms, seals_are_of_certifiers_and_of_the_payload_only) {
  const core::Bytes mine = samples::payload_of(certificate_);
  EXPECT_EQ(
      judge(signing::seal_payloads(std::vector<core::Bytes>{mine}, samples::make_key(5))->front())
          .outcome,
      Outcome::key);
  // The checkpoint of a log that a certifier keeps seals nothing.
  LogProof proof = *parse_log_proof(
      core::as_text(signing::seal_payloads(std::vector<core::Bytes>{mine}, key_)->front()));
  LogProof foreign = proof;
  foreign.checkpoint =
      signing::sign_note(write_checkpoint({"log.example.org/a", 1,
                                           core::merkle_leaf(dsse_pae(payload_media_type, mine))}),
                         "log.example.org/a", key_);
  const auto outcome = [&](const LogProof& one) {
    const std::string text = write_log_proof(one);
    return judge(core::Bytes(text.begin(), text.end())).outcome;
  };
  EXPECT_EQ(outcome(proof), Outcome::passed);
  EXPECT_EQ(outcome(foreign), Outcome::key);
  foreign.checkpoint.signatures[0].name = seal_origin;
  EXPECT_EQ(outcome(foreign), Outcome::key);
  foreign.checkpoint = signing::sign_note(foreign.checkpoint.text, seal_origin, key_);
  EXPECT_EQ(outcome(foreign), Outcome::signature);
  proof.extra.push_back(' ');
  EXPECT_EQ(outcome(proof), Outcome::signature);
  proof.extra.clear();
  EXPECT_EQ(outcome(proof), Outcome::malformed);
  const SigningKey p256 = SigningKey::generate(KeyAlgorithm::ecdsa_p256);
  EXPECT_FALSE(signing::seal_payloads(std::vector<core::Bytes>{mine}, p256).has_value());
  EXPECT_FALSE(signing::seal_payloads({}, key_).has_value());
}

TEST(Coverage, denominators_are_those_of_the_trace) {
  const SigningKey key = samples::make_key(1);
  const samples::Artifacts artifacts = samples::make_artifacts();
  signing::CertifyInput input = artifacts.input();
  input.replay->sample = 1;
  EXPECT_FALSE(signing::make_statement(input).has_value()) << "a sample without a challenge";
  input.challenge = {"nonce", "abc"};
  auto statement = signing::make_statement(input);
  ASSERT_TRUE(statement.has_value()) << core::describe(statement.error());
  Claim& replay = statement->claims.back();
  EXPECT_EQ(replay.assurance, Assurance::sampled);
  EXPECT_EQ(replay.coverage, (Coverage{1, 2}));
  EXPECT_TRUE(parse_statement(signing::write_statement(*statement)).has_value());
  for (const Coverage& lie :
       {Coverage{1, 1}, Coverage{2, 2}, Coverage{0, 2}, Coverage{3, 2}, Coverage{1, 128}}) {
    replay.coverage = lie;
    EXPECT_FALSE(check_statement(*statement).has_value()) << lie.checked << "/" << lie.total;
  }
  replay.coverage = Coverage{1, 2};
  replay.assurance = Assurance::reproduced;
  EXPECT_FALSE(check_statement(*statement).has_value());
}

TEST(Coverage, samples_follow_from_root_and_challenge) {
  const core::Digest root = core::sha256({});
  EXPECT_EQ(sample_steps(root, "a", 10, 10).size(), 10U);
  EXPECT_EQ(sample_steps(root, "a", 3, 1000), sample_steps(root, "a", 3, 1000));
  EXPECT_NE(sample_steps(root, "a", 3, 1000), sample_steps(root, "b", 3, 1000));
  EXPECT_NE(sample_steps(root, "a", 3, 1000),
            sample_steps(core::sha256(root.view()), "a", 3, 1000));
  // Every step is about as likely as every other.
  std::vector<int> hits(7);
  for (int i = 0; i < 2100; ++i) {
    ++hits[sample_steps(root, std::to_string(i), 1, hits.size()).front()];
  }
  for (const int count : hits) EXPECT_NEAR(count, 300, 80);
}

}  // namespace
}  // namespace isotrace::certificates
