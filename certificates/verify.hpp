// Verifies certificates: envelope, keys, trusted time, signatures, log, statement, evidence,
// policy, verdict - in this order, failing closed. Total: whatever the bytes, the answer is a
// report. Trusted base. Spec: docs/certificates.md.
#pragma once

#include <span>

#include <isotrace/certificates/policy.hpp>
#include <isotrace/certificates/report.hpp>
#include <isotrace/certificates/signed_note.hpp>
#include <isotrace/certificates/verify_evidence.hpp>

namespace isotrace::certificates {

/// A certificate file, and what stands beside it if it is not inside.
struct CertificateInput {
  core::ByteView certificate;
  std::optional<core::ByteView> log_proof = {};  ///< the text of a LogProof, of its only signature
  std::optional<core::ByteView> timestamp = {};  ///< RFC 3161 response over its only signature
};

/// A time stamp may be this much later than the clock of the verifier.
inline constexpr UnixSeconds clock_skew_max = 60;

/// One certificate. `now` judges the policy, and keys where no trusted time is given. Who verifies
/// many of a sealed batch keeps `known_seals` from one call to the next, and the batch's signature
/// is verified once.
VerifyReport verify_certificate(core::ByteView certificate, const Policy& policy,
                                const PreparedEvidence& evidence, UnixSeconds now,
                                KnownNotes* known_seals = nullptr);

/// Certificates of several signers over the same payload, for thresholds above one. Every one of
/// them must be good, and distinct keys are counted.
VerifyReport verify_certificates(std::span<const CertificateInput> certificates,
                                 const Policy& policy, const PreparedEvidence& evidence,
                                 UnixSeconds now, KnownNotes* known_seals = nullptr);

}  // namespace isotrace::certificates
