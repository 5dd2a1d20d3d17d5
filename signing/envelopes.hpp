// Signatures added to envelopes, certificates sealed in batches, and what goes into a bundle beside
// the signature.
#pragma once

#include <span>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/signing/signing_key.hpp>

namespace isotrace::signing {

/// Adds the key's signature, or replaces it by an equal one; the order of keyids is kept.
void add_signature(certificates::Envelope& envelope, std::string_view payload_type,
                   const SigningKey& key);

/// A note signed by an Ed25519 key under this name.
certificates::SignedNote sign_note(std::string text, std::string_view name, const SigningKey& key);

/// One signature for many payloads: a tree over them, its root signed as a checkpoint of
/// certificates::seal_origin, and for each payload a certificate of its own with its place in the
/// tree. Refuses key_algorithm_unsupported (only Ed25519 seals), limit_exceeded (0 payloads or too
/// many).
core::Result<std::vector<core::Bytes>> seal_payloads(std::span<const core::Bytes> payloads,
                                                     const SigningKey& key);

/// RFC 3161 request for a time stamp over these bytes, DER, SHA-256, asking for the authority's
/// certificate.
core::Bytes make_timestamp_request(core::ByteView signature);

}  // namespace isotrace::signing
