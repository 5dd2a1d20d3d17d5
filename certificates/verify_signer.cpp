#include <isotrace/certificates/verify_signer.hpp>

#include <algorithm>

#include <isotrace/certificates/timestamp.hpp>
#include <isotrace/certificates/verify.hpp>
#include <isotrace/core/merkle.hpp>

namespace isotrace::certificates {
namespace {

/// What is judged, whatever form it came in.
struct Signature {
  const PolicyKey* key = nullptr;  ///< the certifier it names; null if the policy names none
  core::ByteView payload;
  core::ByteView bytes;
};

Signature find_signature(const SignatureInput& input, const Policy& policy) {
  if (input.bundle != nullptr) {
    const core::Digest& keyid = input.bundle->keyid;
    return {policy.certifier.has(keyid) ? policy.find_key(keyid) : nullptr, input.bundle->payload,
            input.bundle->signature};
  }
  Signature found{nullptr, input.sealed->payload, {}};
  for (const core::Digest& keyid : policy.certifier.keyids) {
    const PolicyKey* key = policy.find_key(keyid);
    if (key->key.algorithm() != KeyAlgorithm::ed25519) continue;
    const NoteKeyId id = note_key_id(seal_origin, key->key);
    for (const NoteSignature& one : input.sealed->proof.checkpoint.signatures) {
      if (one.name != seal_origin || one.key != id) continue;
      found.key = key;
      found.bytes = one.signature;
      return found;
    }
  }
  return found;
}

bool is_signed(const SignatureInput& input, const Signature& signature) {
  const core::Bytes signed_bytes = dsse_pae(payload_media_type, signature.payload);
  // The algorithm is the key's, as the policy gives it; the certificate has no say in it.
  const PublicKey& key = signature.key->key;
  if (input.bundle != nullptr) return key.verifies(signed_bytes, signature.bytes);
  return check_log_proof(input.sealed->proof, core::merkle_leaf(signed_bytes), seal_origin, key,
                         input.known_seals)
      .has_value();
}

/// The trusted time, if a time stamp is there. False if one is there and is not good.
bool check_time(const SignatureInput& input, const Signature& signature, const Policy& policy,
                UnixSeconds now, const std::string& suffix, CheckList& checks,
                std::optional<UnixSeconds>& time) {
  std::vector<core::ByteView> stamps;
  if (input.timestamp) stamps.push_back(*input.timestamp);
  if (input.bundle != nullptr && input.bundle->timestamp) {
    stamps.emplace_back(*input.bundle->timestamp);
  }
  for (const core::ByteView stamp : stamps) {
    const auto stated = check_timestamp(stamp, signature.bytes, policy.timestampers);
    if (!checks.require(stated.has_value(), "timestamp" + suffix, Outcome::log,
                        stated ? "" : describe(stated.error()))) {
      return false;
    }
    if (*stated > now + clock_skew_max) {
      return checks.require(false, "timestamp.past" + suffix, Outcome::log,
                            "it is of " + write_utc(*stated) + ", later than now");
    }
    // Each says that the signature existed by then; the earliest says most.
    time = time ? std::min(*time, *stated) : *stated;
  }
  return true;
}

/// `logid` is what a bundle says it is.
core::Result<LogPlace> find_place(const LogProof& proof, const core::Bytes& entry,
                                  const std::optional<core::Digest>& logid, const Policy& policy,
                                  UnixSeconds now) {
  ISOTRACE_TRY(const Checkpoint claimed, parse_checkpoint(proof.checkpoint.text));
  constexpr auto code = core::RefusalCode::log_inconsistent;
  const PolicyLog* log = policy.find_log(claimed.origin);
  if (log == nullptr) {
    return core::refuse(code, "log", "the policy names no log " + quote(claimed.origin));
  }
  const PolicyKey& key = *policy.find_key(log->keyid);
  if (std::string fault = find_key_fault(key, now, std::nullopt); !fault.empty()) {
    return core::refuse(code, "log", "its key is " + std::move(fault));
  }
  if (logid && *logid != note_key_digest(claimed.origin, key.key)) {
    return core::refuse(code, "log", "the log's id is another");
  }
  ISOTRACE_TRY(const Checkpoint checkpoint,
               check_log_proof(proof, core::merkle_leaf(entry), claimed.origin, key.key));
  return LogPlace{checkpoint.origin, checkpoint.size, proof.index, checkpoint.root};
}

bool check_log(const SignatureInput& input, const Signature& signature, const Policy& policy,
               UnixSeconds now, const std::string& suffix, CheckList& checks,
               std::optional<LogPlace>& place) {
  if (!input.log_proof && (input.bundle == nullptr || !input.bundle->log)) return true;
  const std::string text = log_entry(signature.payload, signature.bytes, signature.key->key);
  const core::Bytes entry(text.begin(), text.end());
  const auto judge = [&](const core::Result<LogPlace>& found) {
    if (found) place = *found;
    return checks.require(found.has_value(), "log" + suffix, Outcome::log,
                          found ? "" : describe(found.error()));
  };
  if (input.bundle != nullptr && input.bundle->log) {
    const BundleLog& log = *input.bundle->log;
    if (!checks.require(log.entry == entry, "log.entry" + suffix, Outcome::log,
                        "the log entry is of another signature")) {
      return false;
    }
    if (!judge(find_place(log.proof, entry, log.logid, policy, now))) return false;
  }
  if (!input.log_proof) return true;
  const auto proof = parse_log_proof(core::as_text(*input.log_proof));
  if (!proof || !proof->extra.empty()) {
    return checks.require(false, "log" + suffix, Outcome::log,
                          proof ? "extra data are not expected" : describe(proof.error()));
  }
  return judge(find_place(*proof, entry, std::nullopt, policy, now));
}

}  // namespace

std::optional<SignerReport> check_signer(const SignatureInput& input, const Policy& policy,
                                         UnixSeconds now, const std::string& suffix,
                                         CheckList& checks) {
  const Signature signature = find_signature(input, policy);
  if (!checks.require(signature.key != nullptr, "key.trusted" + suffix, Outcome::key, [&] {
        return "the policy names no certifier " +
               (input.bundle != nullptr ? input.bundle->keyid.hex() : "that sealed it");
      })) {
    return std::nullopt;
  }
  SignerReport report{signature.key->key.keyid(), {}, {}};
  if (!check_time(input, signature, policy, now, suffix, checks, report.time)) return std::nullopt;
  const std::string fault = find_key_fault(*signature.key, now, report.time);
  if (!checks.require(fault.empty(), "key.valid" + suffix, Outcome::key, fault)) {
    return std::nullopt;
  }
  if (!checks.require(is_signed(input, signature), "signature" + suffix, Outcome::signature,
                      "not a signature of this payload by this key")) {
    return std::nullopt;
  }
  if (!check_log(input, signature, policy, now, suffix, checks, report.log)) return std::nullopt;
  return report;
}

}  // namespace isotrace::certificates
