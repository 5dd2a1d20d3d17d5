// The outcome of verifying a certificate: a fixed list of checks and one exit code. It fails
// closed: only a list in which every mandatory check is present and good gives `passed`. Trusted
// base.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/certificates/utc_time.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::certificates {

/// The numbers are the exit codes of `isotrace verify` (docs/certificates.md).
enum class Outcome : std::uint8_t {
  passed = 0,
  malformed = 10,
  signature = 11,  ///< or fewer good signatures than the threshold
  key = 12,        ///< not trusted, expired or revoked
  digest = 13,     ///< evidence is not what the certificate speaks of
  policy = 14,
  failed = 15,        ///< authentic, and the verdict is FAILED
  inconclusive = 16,  ///< authentic, and the verdict is INCONCLUSIVE
  log = 17,
  nothing_verified = 20,  ///< required material is missing
};

/// "passed", "malformed", ... as in docs/certificates.md.
std::string_view outcome_name(Outcome outcome);

enum class CheckStatus : std::uint8_t { failed, ok, skipped };

struct Check {
  std::string id;
  CheckStatus status = CheckStatus::failed;
  Outcome on_failure = Outcome::nothing_verified;
  std::string detail;
  std::string expected;       ///< what the certificate or the policy says
  std::string actual;         ///< what was found
  std::string_view bound_by;  ///< JSON pointer into the statement; a literal
};

/// Checks that must be there and good before anything passes, in order.
inline constexpr std::string_view mandatory_checks[] = {
    "envelope",         "policy.fresh", "key.trusted",  "key.valid",         "signature",
    "threshold",        "statement",    "model.sha256", "evidence.complete", "policy.subject",
    "policy.semantics", "verdict",      "policy.claims"};

/// Where a log keeps a signature.
struct LogPlace {
  std::string origin;
  std::uint64_t size = 0;
  std::uint64_t index = 0;
  core::Digest root;
};

/// A key whose signature is good.
struct SignerReport {
  core::Digest keyid;
  std::optional<UnixSeconds> time;  ///< trusted: the signature existed then
  std::optional<LogPlace> log;
};

/// A claim: what the signer says, and what this verification established by itself.
struct ClaimReport {
  std::string id;
  std::string result;
  std::string assurance;    ///< as claimed
  std::string established;  ///< "asserted": nothing but the signer's word
};

struct VerifyReport {
  Outcome outcome = Outcome::nothing_verified;
  core::Bytes payload;  ///< what was signed, once it is authentic
  core::Digest policy_sha256;
  std::vector<SignerReport> signers;
  // From the statement, once it is authentic; empty otherwise.
  std::string subject;
  std::string subject_sha256;
  std::string verdict;
  std::vector<std::string> non_claims;
  std::vector<ClaimReport> claims;
  std::vector<Check> checks;  ///< in the order in which they decide

  /// SHA-256 of the payload; zero if there is none.
  [[nodiscard]] core::Digest certificate_id() const;
  [[nodiscard]] const Check* find_check(std::string_view id) const;
};

/// The first failed check decides. With none, `passed` needs every mandatory check to be ok.
Outcome decide(const std::vector<Check>& checks);

/// One JSON object on one line, with fixed member order and neither times nor paths.
std::string write_report(const VerifyReport& report);

}  // namespace isotrace::certificates
