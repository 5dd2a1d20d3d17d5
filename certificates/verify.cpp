#include <isotrace/certificates/verify.hpp>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/dsse.hpp>
#include <isotrace/certificates/verify_policy.hpp>

namespace isotrace::certificates {
namespace {

/// Why a key does not count now; empty if it does.
std::string find_key_fault(const PolicyKey& key, UnixSeconds now) {
  if (key.revoked_at) return "revoked at " + write_utc(*key.revoked_at);
  if (now < key.valid_from) return "not valid before " + write_utc(key.valid_from);
  if (now >= key.valid_until) return "expired at " + write_utc(key.valid_until);
  return {};
}

/// Trust in the key and its signature. Only what this returns true for has been signed by a
/// certifier.
bool check_signer(const Bundle& bundle, const Policy& policy, UnixSeconds now,
                  const std::string& suffix, CheckList& checks) {
  const PolicyKey* key = policy.find_key(bundle.keyid);
  const bool trusted = key != nullptr && policy.is_certifier(bundle.keyid);
  if (!checks.require(trusted, "key.trusted" + suffix, Outcome::key,
                      "the policy names no certifier " + bundle.keyid.hex())) {
    return false;
  }
  const std::string fault = find_key_fault(*key, now);
  if (!checks.require(fault.empty(), "key.valid" + suffix, Outcome::key, fault)) return false;
  // The algorithm is the key's, as the policy gives it; the certificate has no say in it.
  return checks.require(
      key->key.verifies(dsse_pae(payload_media_type, bundle.payload), bundle.signature),
      "signature" + suffix, Outcome::signature, "not a signature of this payload by this key");
}

/// The payload, if every certificate is well-formed, over the same payload, and signed by enough
/// certifiers.
std::optional<core::Bytes> authenticate(std::span<const core::ByteView> certificates,
                                        const Policy& policy, UnixSeconds now, VerifyReport& report,
                                        CheckList& checks) {
  std::optional<core::Bytes> payload;
  std::set<core::Digest> signers;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    const std::string suffix = i == 0 ? "" : "#" + std::to_string(i + 1);
    auto bundle = parse_bundle(certificates[i]);
    if (!checks.require(bundle.has_value(), "envelope" + suffix, Outcome::malformed,
                        bundle ? "" : describe(bundle.error()))) {
      return std::nullopt;
    }
    if (i == 0 && !checks.require(now < policy.expires, "policy.fresh", Outcome::policy,
                                  "the policy has expired")) {
      return std::nullopt;
    }
    if (!check_signer(*bundle, policy, now, suffix, checks)) return std::nullopt;
    if (payload && !checks.require(*payload == bundle->payload, "payload" + suffix,
                                   Outcome::signature, "another payload than the first")) {
      return std::nullopt;
    }
    payload = std::move(bundle->payload);
    if (signers.insert(bundle->keyid).second) report.signers.push_back(bundle->keyid.hex());
  }
  if (!payload) return std::nullopt;
  const bool enough = signers.size() >= policy.threshold;
  if (!checks.require(enough, "threshold", Outcome::signature,
                      std::to_string(signers.size()) + " of " + std::to_string(policy.threshold) +
                          " certifiers have signed")) {
    return std::nullopt;
  }
  return payload;
}

}  // namespace

VerifyReport verify_certificates(std::span<const core::ByteView> certificates, const Policy& policy,
                                 const Evidence& evidence, UnixSeconds now) {
  VerifyReport report;
  report.policy_sha256 = policy.sha256;
  CheckList checks(report.checks);
  if (const auto payload = authenticate(certificates, policy, now, report, checks)) {
    report.certificate_id = core::sha256(*payload);
    const auto statement = parse_statement(*payload);
    if (checks.require(statement.has_value(), "statement", Outcome::malformed,
                       statement ? "" : describe(statement.error()))) {
      report.subject = statement->subject;
      report.subject_sha256 = statement->model.sha256.hex();
      report.verdict = name_of(verdict_of(statement->claims));
      report.non_claims = statement->non_claims;
      const EvidenceFound found = check_evidence(*statement, evidence, checks);
      check_policy(*statement, policy, found, checks);
    }
  }
  report.outcome = decide(report.checks);
  return report;
}

VerifyReport verify_certificate(core::ByteView certificate, const Policy& policy,
                                const Evidence& evidence, UnixSeconds now) {
  return verify_certificates({&certificate, 1}, policy, evidence, now);
}

}  // namespace isotrace::certificates
