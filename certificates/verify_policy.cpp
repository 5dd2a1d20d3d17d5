#include <isotrace/certificates/verify_policy.hpp>

#include <algorithm>

namespace isotrace::certificates {
namespace {

template <class List, class Value>
bool contains(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Bound material that a rule demands and that was not there; empty if complete.
std::string find_missing(const Statement& statement, const RequiredEvidence& required,
                         const EvidenceFound& found) {
  if (!found.model) return "the model";
  if (required.log && !found.log) return "a log proof of every signature";
  if (required.timestamp && !found.timestamp) return "a time stamp of every signature";
  if (required.trace && statement.trace && !found.trace) return "the trace";
  for (const Claim& claim : statement.claims) {
    if (required.proof && claim.proof && !found.proofs.contains(claim.proof->file_sha256)) {
      return "the proof of " + claim.id;
    }
    if (required.property && claim.property && !found.properties.contains(claim.property->sha256)) {
      return "the property of " + claim.id;
    }
  }
  return {};
}

/// What a rule demands and the statement does not say; empty if it says all of it.
std::string find_unmet(const Statement& statement, const PolicyRule& rule) {
  bool any_property = false;
  bool any_proof = false;
  bool replay = false;
  for (const Claim& claim : statement.claims) {
    any_property = any_property || claim.property.has_value();
    any_proof = any_proof || claim.proof.has_value();
    replay = replay || claim.method == ClaimMethod::replay;
    if (claim.assurance < rule.least_assurance) {
      return "claim " + claim.id + " is only " + std::string(name_of(claim.assurance));
    }
    if (!contains(rule.levels, claim.level)) {
      return "claim " + claim.id + " is of level " + std::string(name_of(claim.level));
    }
  }
  for (const core::Digest& property : rule.properties) {
    const bool claimed = std::any_of(
        statement.claims.begin(), statement.claims.end(),
        [&](const Claim& claim) { return claim.property && claim.property->sha256 == property; });
    if (!claimed) return "property " + property.hex() + " is not claimed";
  }
  if (rule.any_property && !any_property) return "no property is claimed";
  if (rule.replay && !replay) return "no replay is claimed";
  if (rule.evidence.trace && !statement.trace) return "no trace is bound";
  if (rule.evidence.proof && !any_proof) return "no proof is bound";
  if (rule.evidence.property && !any_property) return "no property is bound";
  return {};
}

void check_verdict(const Statement& statement, CheckList& checks) {
  const StatementVerdict verdict = verdict_of(statement.claims);
  checks.require(
      verdict == StatementVerdict::passed, "verdict",
      verdict == StatementVerdict::failed ? Outcome::failed : Outcome::inconclusive,
      [&] { return "the verdict is " + std::string(name_of(verdict)); }, "/predicate/claims");
}

}  // namespace

void check_policy(const Statement& statement, const Policy& policy,
                  const RequiredEvidence& demanded, const EvidenceFound& found, CheckList& checks) {
  std::vector<const PolicyRule*> rules;
  for (const PolicyRule& rule : policy.rules) {
    if (rule.applies_to(statement.model.sha256)) rules.push_back(&rule);
  }
  if (!checks.require(!rules.empty(), "policy.subject", Outcome::policy,
                      "no rule applies to this subject", "/subject/0/digest/sha256")) {
    return;
  }
  bool semantics = true;
  std::string missing = find_missing(statement, demanded, found);
  if (missing.empty() && demanded.proof && found.proofs.empty()) missing = "any proof";
  std::string unmet;
  for (const PolicyRule* rule : rules) {
    semantics = semantics && contains(rule->semantics, statement.semantics);
    if (missing.empty()) missing = find_missing(statement, rule->evidence, found);
    if (unmet.empty()) unmet = find_unmet(statement, *rule);
  }
  checks.require(
      semantics, "policy.semantics", Outcome::policy,
      [&] { return statement.semantics + " is not allowed"; }, "/predicate/semantics/id");
  checks.require(missing.empty(), "evidence.complete", Outcome::nothing_verified,
                 [&] { return missing + " was not given"; });
  check_verdict(statement, checks);
  checks.require(unmet.empty(), "policy.claims", Outcome::policy, unmet, "/predicate/claims");
}

}  // namespace isotrace::certificates
