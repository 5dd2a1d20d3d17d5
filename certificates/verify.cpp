#include <isotrace/certificates/verify.hpp>

#include <isotrace/certificates/verify_policy.hpp>
#include <isotrace/certificates/verify_signer.hpp>

namespace isotrace::certificates {
namespace {

/// The certificates of one call, on the way from bytes to a payload that enough certifiers signed.
class Authentication {
 public:
  Authentication(const Policy& policy, UnixSeconds now, KnownNotes* known_seals,
                 VerifyReport& report, CheckList& checks)
      : policy_(policy), now_(now), known_seals_(known_seals), report_(report), checks_(checks) {}

  /// The payload, if every certificate is well-formed, over the same payload, and signed by enough
  /// certifiers.
  std::optional<core::Bytes> authenticate(std::span<const CertificateInput> certificates) {
    for (const CertificateInput& input : certificates) {
      if (!add(input)) return std::nullopt;
    }
    if (!payload_) return std::nullopt;
    const std::uint64_t enough = policy_.certifier.threshold;
    if (!checks_.require(signers_.size() >= enough, "threshold", Outcome::signature, [&] {
          return std::to_string(signers_.size()) + " of " + std::to_string(enough) +
                 " certifiers have signed";
        })) {
      return std::nullopt;
    }
    return std::move(payload_);
  }

 private:
  bool add(const CertificateInput& input) {
    auto file = parse_certificate_file(input.certificate);
    if (!checks_.require(file.has_value(), "envelope" + suffix(), Outcome::malformed,
                         file ? "" : describe(file.error()))) {
      return false;
    }
    if (count_ == 0 && !checks_.require(now_ < policy_.expires, "policy.fresh", Outcome::policy,
                                        "the policy has expired")) {
      return false;
    }
    if (file->bundles.size() > 1 && (input.log_proof || input.timestamp)) {
      return checks_.require(false, "log" + suffix(), Outcome::log,
                             "several signatures: it is not said whose log proof or time it is");
    }
    SignatureInput signature{nullptr, nullptr, input.log_proof, input.timestamp, known_seals_};
    if (file->sealed) {
      signature.sealed = &*file->sealed;
      return add_signature(signature, file->sealed->payload);
    }
    for (Bundle& bundle : file->bundles) {
      signature.bundle = &bundle;
      if (!add_signature(signature, bundle.payload)) return false;
    }
    return true;
  }

  bool add_signature(const SignatureInput& input, core::Bytes& payload) {
    const std::string where = suffix();
    ++count_;
    auto signer = check_signer(input, policy_, now_, where, checks_);
    if (!signer) return false;
    if (payload_ && !checks_.require(*payload_ == payload, "payload" + where, Outcome::signature,
                                     "another payload than the first")) {
      return false;
    }
    payload_ = std::move(payload);
    if (signers_.insert(signer->keyid).second) report_.signers.push_back(*std::move(signer));
    return true;
  }

  [[nodiscard]] std::string suffix() const {
    return count_ == 0 ? "" : "#" + std::to_string(count_ + 1);
  }

  const Policy& policy_;
  UnixSeconds now_;
  KnownNotes* known_seals_;
  VerifyReport& report_;
  CheckList& checks_;
  std::size_t count_ = 0;
  std::optional<core::Bytes> payload_;
  std::set<core::Digest> signers_;
};

/// What this verification itself established about a claim.
Assurance established(const Claim& claim, const EvidenceFound& found) {
  if (claim.method == ClaimMethod::proof && found.proofs.contains(claim.proof->file_sha256)) {
    return Assurance::proved;
  }
  if (claim.method == ClaimMethod::replay && found.replayed) return Assurance::reproduced;
  return Assurance::asserted;
}

void judge_statement(Statement statement, const Policy& policy, const PreparedEvidence& evidence,
                     VerifyReport& report, CheckList& checks) {
  report.subject_sha256 = statement.model.sha256.hex();
  report.verdict = name_of(verdict_of(statement.claims));
  EvidenceFound found = check_evidence(statement, evidence, checks);
  for (const SignerReport& signer : report.signers) {
    found.log = found.log && signer.log.has_value();
    found.timestamp = found.timestamp && signer.time.has_value();
  }
  report.claims.reserve(statement.claims.size());
  for (const Claim& claim : statement.claims) {
    report.claims.push_back({claim.id, std::string(name_of(claim.result)),
                             std::string(name_of(claim.assurance)),
                             std::string(name_of(established(claim, found)))});
  }
  check_policy(statement, policy, evidence.given.demanded, found, checks);
  report.subject = std::move(statement.subject);
  report.non_claims = std::move(statement.non_claims);
}

}  // namespace

VerifyReport verify_certificates(std::span<const CertificateInput> certificates,
                                 const Policy& policy, const PreparedEvidence& evidence,
                                 UnixSeconds now, KnownNotes* known_seals) {
  VerifyReport report;
  constexpr std::size_t usual_checks = 48;
  report.checks.reserve(usual_checks);
  report.policy_sha256 = policy.sha256;
  CheckList checks(report.checks);
  Authentication authentication(policy, now, known_seals, report, checks);
  if (auto payload = authentication.authenticate(certificates)) {
    report.payload = *std::move(payload);
    auto statement = parse_statement(report.payload);
    if (checks.require(statement.has_value(), "statement", Outcome::malformed,
                       statement ? "" : describe(statement.error()))) {
      judge_statement(*std::move(statement), policy, evidence, report, checks);
    }
  }
  report.outcome = decide(report.checks);
  return report;
}

VerifyReport verify_certificate(core::ByteView certificate, const Policy& policy,
                                const PreparedEvidence& evidence, UnixSeconds now,
                                KnownNotes* known_seals) {
  const CertificateInput input{certificate};
  return verify_certificates({&input, 1}, policy, evidence, now, known_seals);
}

}  // namespace isotrace::certificates
