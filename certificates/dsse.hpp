// DSSE v1: the bytes that a signature covers, and envelopes in one spelling. Trusted base.
// Spec: github.com/secure-systems-lab/dsse, protocol.md and envelope.md;
// docs/formats/certificate.md.
#pragma once

#include <string_view>
#include <vector>

#include <isotrace/certificates/json_field.hpp>

namespace isotrace::certificates {

/// "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload, with lengths in bytes as decimal
/// ASCII. Injective: different (type, payload) pairs never give the same bytes.
core::Bytes dsse_pae(std::string_view payload_type, core::ByteView payload);

struct EnvelopeSignature {
  core::Digest keyid;  ///< says which key to try, proves nothing
  core::Bytes signature;
};

/// The payload type is not kept: the reader demands it.
struct Envelope {
  core::Bytes payload;
  std::vector<EnvelopeSignature> signatures;  ///< in ascending order of keyid, each once
};

Json envelope_json(const Envelope& envelope, std::string_view payload_type);
/// 1 to signatures_max signatures.
Envelope read_envelope(const JsonField& json, std::string_view payload_type,
                       std::size_t signatures_max);

}  // namespace isotrace::certificates
