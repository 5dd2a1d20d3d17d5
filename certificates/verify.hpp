// Verifies certificates: envelope, keys, signatures, statement, evidence, policy, verdict - in this
// order, failing closed. Total: whatever the bytes, the answer is a report. Trusted base.
// Spec: docs/certificates.md.
#pragma once

#include <span>

#include <isotrace/certificates/policy.hpp>
#include <isotrace/certificates/report.hpp>
#include <isotrace/certificates/verify_evidence.hpp>

namespace isotrace::certificates {

/// One certificate. `now` judges the validity of the policy and its keys: there is no trusted time
/// of signing.
VerifyReport verify_certificate(core::ByteView certificate, const Policy& policy,
                                const Evidence& evidence, UnixSeconds now);

/// Certificates of several signers over the same payload, for thresholds above one. Every one of
/// them must be good, and distinct keys are counted.
VerifyReport verify_certificates(std::span<const core::ByteView> certificates, const Policy& policy,
                                 const Evidence& evidence, UnixSeconds now);

}  // namespace isotrace::certificates
