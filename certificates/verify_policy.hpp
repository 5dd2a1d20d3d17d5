// Judges an authentic statement by the rules of a policy. Default deny: a statement to which no
// rule applies fails. Trusted base.
#pragma once

#include <isotrace/certificates/policy.hpp>
#include <isotrace/certificates/verify_evidence.hpp>

namespace isotrace::certificates {

/// policy.subject, policy.semantics, evidence.complete; then the verdict; then policy.claims. So an
/// authentic FAILED is reported as such, not as a claim that the policy misses.
void check_policy(const Statement& statement, const Policy& policy,
                  const RequiredEvidence& demanded, const EvidenceFound& found, CheckList& checks);

}  // namespace isotrace::certificates
