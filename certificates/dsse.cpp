#include <isotrace/certificates/dsse.hpp>

#include <string>

#include <isotrace/certificates/base64.hpp>

namespace isotrace::certificates {

core::Bytes dsse_pae(std::string_view payload_type, core::ByteView payload) {
  std::string head = "DSSEv1 " + std::to_string(payload_type.size()) + " ";
  head.append(payload_type);
  head += " " + std::to_string(payload.size()) + " ";
  core::Bytes bytes;
  bytes.reserve(head.size() + payload.size());
  bytes.assign(head.begin(), head.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Json envelope_json(const Envelope& envelope, std::string_view payload_type) {
  Json signatures = Json::array();
  for (const EnvelopeSignature& one : envelope.signatures) {
    signatures.push_back({{"keyid", one.keyid.hex()}, {"sig", write_base64(one.signature)}});
  }
  return {{"payload", write_base64(envelope.payload)},
          {"payloadType", payload_type},
          {"signatures", std::move(signatures)}};
}

Envelope read_envelope(const JsonField& json, std::string_view payload_type,
                       std::size_t signatures_max) {
  const auto [payload, type, signatures] = json.members("payload", "payloadType", "signatures");
  type.expect_text(payload_type);
  Envelope envelope{payload.base64(), {}};
  const auto fields = signatures.elements(signatures_max);
  if (fields.empty()) json.refuse("must have a signature");
  for (const JsonField& field : fields) {
    const auto [keyid, sig] = field.members("keyid", "sig");
    EnvelopeSignature one{keyid.digest(), sig.base64()};
    if (!envelope.signatures.empty() && !(envelope.signatures.back().keyid < one.keyid)) {
      field.refuse("the keyids must ascend, each once");
    }
    envelope.signatures.push_back(std::move(one));
  }
  return envelope;
}

}  // namespace isotrace::certificates
