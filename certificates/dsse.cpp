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

core::Result<Envelope> parse_envelope(const JsonField& json, std::string_view payload_type,
                                      std::size_t signatures_max) {
  ISOTRACE_TRY_DONE(json.check_members({"payload", "payloadType", "signatures"}));
  ISOTRACE_TRY(const JsonField type, json.member("payloadType"));
  ISOTRACE_TRY_DONE(type.check_text(payload_type));
  Envelope envelope;
  ISOTRACE_TRY(const JsonField payload, json.member("payload"));
  ISOTRACE_TRY(envelope.payload, payload.base64());
  ISOTRACE_TRY(const auto signatures, json.elements("signatures", signatures_max));
  if (signatures.empty()) return json.refuse("must have a signature");
  for (const JsonField& field : signatures) {
    ISOTRACE_TRY_DONE(field.check_members({"keyid", "sig"}));
    EnvelopeSignature one;
    ISOTRACE_TRY(one.keyid, field.digest("keyid"));
    if (!envelope.signatures.empty() && !(envelope.signatures.back().keyid < one.keyid)) {
      return field.refuse("the keyids must ascend, each once");
    }
    ISOTRACE_TRY(const JsonField sig, field.member("sig"));
    ISOTRACE_TRY(one.signature, sig.base64());
    envelope.signatures.push_back(std::move(one));
  }
  return envelope;
}

}  // namespace isotrace::certificates
