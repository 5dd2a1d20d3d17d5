// Makes certificates. Checks that the artifacts belong together and claims only what was checked: a
// property holds if the independent checker accepts its proof, a trace is reproduced if the caller
// executed it again. Evidence for a failure is signed like evidence for a success.
#pragma once

#include <span>

#include <isotrace/certificates/statement.hpp>
#include <isotrace/core/verdict.hpp>
#include <isotrace/signing/signing_key.hpp>

namespace isotrace::signing {

/// A property and, usually, its proof. Without a proof the claim is UNKNOWN.
struct ClaimInput {
  std::optional<core::ByteView> property;  ///< may be left out: the proof contains it
  std::optional<core::ByteView> proof;
  /// For a counterexample: the verdict of executing it on the reference (accepted: the stored
  /// outputs came out, bit for bit). Without it the claim is UNKNOWN.
  std::optional<core::Verdict> rerun;
};

/// What re-executing the trace gave, and where it was done.
struct ReplayInput {
  core::Verdict verdict;
  std::string backend;
  std::string device;
  /// Steps that were executed again, if not all: those that certificates::sample_steps gives for
  /// the input's challenge.
  std::optional<std::uint64_t> sample = {};
};

struct CertifyInput {
  std::string model_name;  ///< file name for display; not bound
  certificates::ModelKind model_kind = certificates::ModelKind::file;
  core::ByteView model;                  ///< the file, or the folder's canonical manifest
  certificates::ModelIdentity identity;  ///< model_identity() of the program imported from it
  std::vector<ClaimInput> claims;
  std::optional<core::ByteView> trace;
  std::optional<ReplayInput> replay;     ///< only with a trace; without it no replay is claimed
  certificates::NamedVersion toolchain;  ///< also names the checker's version
  certificates::Challenge challenge;
  std::vector<certificates::EvidenceReference> evidence;
};

/// The statement that the input entitles to. Refuses evidence_missing (neither claim nor trace),
/// evidence_inconsistent (another program, property or semantics; a proof that the checker
/// rejects), certificate_malformed (names), and what reading the artifacts refuses.
core::Result<certificates::Statement> make_statement(const CertifyInput& input);

/// The certificate file. With an Ed25519 key, equal inputs give equal bytes. Also refuses
/// limit_exceeded if the certificate would be larger than core::limits::certificate_bytes_max.
core::Result<core::Bytes> make_certificate(const CertifyInput& input, const SigningKey& key);

/// Signs a payload as it stands; make_certificate and co-signers end here.
core::Bytes sign_payload(core::ByteView payload, const SigningKey& key);

}  // namespace isotrace::signing
