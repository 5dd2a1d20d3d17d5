// The outermost forms of a certificate. Usually a Sigstore bundle v0.3 in JSON with one DSSE
// envelope, one signature and the hint of the public key; on request with the proof that a log
// holds it and a time stamp. Also an envelope of several signers, and a certificate of a sealed
// batch. The profiles are closed: no embedded key is trusted, no X.509 certificate. Trusted base.
// Spec: sigstore/protobuf-specs sigstore_bundle.proto; docs/formats/certificate.md.
#pragma once

#include <isotrace/certificates/dsse.hpp>
#include <isotrace/certificates/log_proof.hpp>

namespace isotrace::certificates {

inline constexpr std::string_view bundle_media_type =
    "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view payload_media_type = "application/vnd.in-toto+json";
/// Origin of the checkpoint that seals a batch: no log can be called so.
inline constexpr std::string_view seal_origin = "isotrace.dev/seal/v1";

/// What a log says about a certificate.
struct BundleLog {
  LogProof proof;      ///< without extra
  core::Bytes entry;   ///< log_entry() of payload, signature and key
  core::Digest logid;  ///< note_key_digest() of the log
};

struct Bundle {
  core::Digest keyid;  ///< SHA-256 of the public key's SPKI; says which key to try, proves nothing
  core::Bytes payload;
  core::Bytes signature;  ///< over dsse_pae(payload_media_type, payload)
  std::optional<BundleLog> log = {};
  std::optional<core::Bytes> timestamp = {};  ///< RFC 3161 response over the signature
};

core::Bytes write_bundle(const Bundle& bundle);
/// Accepts exactly what write_bundle writes; refuses certificate_malformed.
core::Result<Bundle> parse_bundle(core::ByteView bytes);

/// One envelope with several signatures, without a bundle around it.
core::Bytes write_signatures(const Envelope& envelope);

/// A certificate in any form: a bundle, every signature of an envelope as one, or a sealed one.
struct SealedCertificate {
  core::Bytes payload;
  LogProof proof;  ///< of dsse_pae(payload_media_type, payload) under a checkpoint of seal_origin
};
struct CertificateFile {
  std::vector<Bundle> bundles;
  std::optional<SealedCertificate> sealed;  ///< then there is no bundle
};
/// Refuses certificate_malformed.
core::Result<CertificateFile> parse_certificate_file(core::ByteView bytes);

}  // namespace isotrace::certificates
