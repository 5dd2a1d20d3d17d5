// The outermost form of a certificate: a Sigstore bundle v0.3 in JSON with one DSSE envelope, one
// signature and the hint of the public key. The profile is closed: no embedded key or X.509
// certificate, no log entries, no second signature. Trusted base.
// Spec: sigstore/protobuf-specs sigstore_bundle.proto; docs/formats/certificate.md.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/core/digest.hpp>

namespace isotrace::certificates {

inline constexpr std::string_view bundle_media_type =
    "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view payload_media_type = "application/vnd.in-toto+json";

struct Bundle {
  core::Digest keyid;  ///< SHA-256 of the public key's SPKI; says which key to try, proves nothing
  core::Bytes payload;
  core::Bytes signature;  ///< over dsse_pae(payload_media_type, payload)
};

core::Bytes write_bundle(const Bundle& bundle);
/// Accepts exactly what write_bundle writes; refuses certificate_malformed.
core::Result<Bundle> parse_bundle(core::ByteView bytes);

}  // namespace isotrace::certificates
