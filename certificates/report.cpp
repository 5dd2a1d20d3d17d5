#include <isotrace/certificates/report.hpp>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace isotrace::certificates {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string_view status_name(CheckStatus status) {
  switch (status) {
    case CheckStatus::failed: return "failed";
    case CheckStatus::ok: return "ok";
    case CheckStatus::skipped: return "skipped";
  }
  return "failed";
}

OrderedJson to_json(const Check& check) {
  OrderedJson json;
  json["id"] = check.id;
  json["status"] = status_name(check.status);
  json["code"] = check.status == CheckStatus::failed ? static_cast<int>(check.on_failure) : 0;
  json["detail"] = check.detail;
  json["expected"] = check.expected;
  json["actual"] = check.actual;
  json["boundBy"] = check.bound_by;
  return json;
}

OrderedJson to_json(const SignerReport& signer) {
  OrderedJson json;
  json["keyid"] = signer.keyid.hex();
  json["time"] = signer.time ? OrderedJson(write_utc(*signer.time)) : OrderedJson(nullptr);
  json["log"] = nullptr;
  if (signer.log) {
    json["log"] = {{"origin", signer.log->origin},
                   {"size", signer.log->size},
                   {"index", signer.log->index},
                   {"root", signer.log->root.hex()}};
  }
  return json;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed: return "passed";
    case Outcome::malformed: return "malformed";
    case Outcome::signature: return "bad_signature";
    case Outcome::key: return "key_untrusted";
    case Outcome::digest: return "digest_mismatch";
    case Outcome::policy: return "policy_not_satisfied";
    case Outcome::failed: return "verdict_failed";
    case Outcome::inconclusive: return "verdict_inconclusive";
    case Outcome::log: return "log_or_timestamp";
    case Outcome::nothing_verified: return "nothing_verified";
  }
  return "nothing_verified";
}

core::Digest VerifyReport::certificate_id() const {
  return payload.empty() ? core::Digest{} : core::sha256(payload);
}

const Check* VerifyReport::find_check(std::string_view id) const {
  const auto found = std::find_if(checks.begin(), checks.end(),
                                  [&](const Check& check) { return check.id == id; });
  return found == checks.end() ? nullptr : &*found;
}

Outcome decide(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    if (check.status != CheckStatus::failed) continue;
    // A failed check never counts as a pass, whatever it names.
    return check.on_failure == Outcome::passed ? Outcome::nothing_verified : check.on_failure;
  }
  // Most of them stand in the order of the list, so each is looked for behind the one before first.
  auto from = checks.begin();
  const bool complete =
      std::all_of(std::begin(mandatory_checks), std::end(mandatory_checks), [&](auto id) {
        const auto is_good = [&](const Check& check) {
          return check.status == CheckStatus::ok && check.id == id;
        };
        const auto found = std::find_if(from, checks.end(), is_good);
        if (found == checks.end()) return std::any_of(checks.begin(), from, is_good);
        from = found;
        return true;
      });
  return complete ? Outcome::passed : Outcome::nothing_verified;
}

std::string write_report(const VerifyReport& report) {
  OrderedJson json;
  json["schema"] = "https://isotrace.dev/report/verify/v1";
  json["result"] = outcome_name(report.outcome);
  json["code"] = static_cast<int>(report.outcome);
  json["certificate"] = report.certificate_id().hex();
  json["policySha256"] = report.policy_sha256.hex();
  json["signers"] = OrderedJson::array();
  for (const SignerReport& signer : report.signers) json["signers"].push_back(to_json(signer));
  json["subject"] = {{"name", report.subject}, {"sha256", report.subject_sha256}};
  json["verdict"] = report.verdict;
  json["claims"] = OrderedJson::array();
  for (const ClaimReport& claim : report.claims) {
    json["claims"].push_back({{"id", claim.id},
                              {"result", claim.result},
                              {"assurance", claim.assurance},
                              {"established", claim.established}});
  }
  json["nonClaims"] = report.non_claims;
  json["checks"] = OrderedJson::array();
  for (const Check& check : report.checks) json["checks"].push_back(to_json(check));
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace isotrace::certificates
