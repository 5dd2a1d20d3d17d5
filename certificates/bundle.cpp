#include <isotrace/certificates/bundle.hpp>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/json_field.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

struct SignedPayload {
  core::Bytes payload;
  core::Digest keyid;
  core::Bytes signature;
};

Result<SignedPayload> parse_envelope(const JsonField& envelope) {
  ISOTRACE_TRY_DONE(envelope.check_members({"payload", "payloadType", "signatures"}));
  ISOTRACE_TRY(const JsonField type, envelope.member("payloadType"));
  ISOTRACE_TRY_DONE(type.check_text(payload_media_type));
  ISOTRACE_TRY(const JsonField payload, envelope.member("payload"));
  ISOTRACE_TRY(const auto signatures, envelope.elements("signatures", 1));
  if (signatures.size() != 1) return envelope.refuse("must have exactly one signature");
  const JsonField& signature = signatures.front();
  ISOTRACE_TRY_DONE(signature.check_members({"keyid", "sig"}));
  SignedPayload out;
  ISOTRACE_TRY(out.payload, payload.base64());
  ISOTRACE_TRY(out.keyid, signature.digest("keyid"));
  ISOTRACE_TRY(const JsonField sig, signature.member("sig"));
  ISOTRACE_TRY(out.signature, sig.base64());
  return out;
}

/// The hint; nothing else may be there.
Result<core::Digest> parse_material(const JsonField& material) {
  ISOTRACE_TRY_DONE(material.check_members({"publicKey", "tlogEntries"}));
  ISOTRACE_TRY_DONE(material.elements("tlogEntries", 0));
  ISOTRACE_TRY(const JsonField key, material.member("publicKey"));
  ISOTRACE_TRY_DONE(key.check_members({"hint"}));
  return key.digest("hint");
}

}  // namespace

core::Bytes write_bundle(const Bundle& bundle) {
  const std::string keyid = bundle.keyid.hex();
  const Json signature = {{"keyid", keyid}, {"sig", write_base64(bundle.signature)}};
  const Json json = {
      {"dsseEnvelope",
       {{"payload", write_base64(bundle.payload)},
        {"payloadType", payload_media_type},
        {"signatures", Json::array({signature})}}},
      {"mediaType", bundle_media_type},
      {"verificationMaterial", {{"publicKey", {{"hint", keyid}}}, {"tlogEntries", Json::array()}}},
  };
  const std::string text = write_json(json);
  return {text.begin(), text.end()};
}

Result<Bundle> parse_bundle(core::ByteView bytes) {
  constexpr auto code = core::RefusalCode::certificate_malformed;
  ISOTRACE_TRY(const Json json,
               parse_strict_json(bytes, {code, core::limits::certificate_bytes_max}));
  const JsonField root(json, code);
  ISOTRACE_TRY_DONE(root.check_members({"dsseEnvelope", "mediaType", "verificationMaterial"}));
  ISOTRACE_TRY(const JsonField type, root.member("mediaType"));
  ISOTRACE_TRY_DONE(type.check_text(bundle_media_type));
  ISOTRACE_TRY(const JsonField material, root.member("verificationMaterial"));
  ISOTRACE_TRY(const core::Digest hint, parse_material(material));
  ISOTRACE_TRY(const JsonField envelope, root.member("dsseEnvelope"));
  ISOTRACE_TRY(SignedPayload content, parse_envelope(envelope));
  if (content.keyid != hint) {
    return core::refuse(code, "/dsseEnvelope/signatures/0/keyid", "differs from the key hint");
  }
  return Bundle{hint, std::move(content.payload), std::move(content.signature)};
}

}  // namespace isotrace::certificates
