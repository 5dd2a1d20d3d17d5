#include <isotrace/certificates/bundle.hpp>

#include <algorithm>
#include <charconv>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

constexpr auto code = core::RefusalCode::certificate_malformed;
constexpr std::string_view entry_version = "0.0.2";

Json log_json(const BundleLog& log) {
  const auto checkpoint = parse_checkpoint(log.proof.checkpoint.text);
  const std::string index = std::to_string(log.proof.index);
  Json hashes = Json::array();
  for (const core::Digest& hash : log.proof.hashes) hashes.push_back(write_base64(hash.view()));
  Json proof;
  proof["checkpoint"] = {{"envelope", write_note(log.proof.checkpoint)}};
  proof["hashes"] = std::move(hashes);
  proof["logIndex"] = index;
  // Said again by the format; a reader compares with what the checkpoint says.
  proof["rootHash"] = checkpoint ? write_base64(checkpoint->root.view()) : "";
  proof["treeSize"] = checkpoint ? std::to_string(checkpoint->size) : "";
  return {{"canonicalizedBody", write_base64(log.entry)},
          {"inclusionProof", std::move(proof)},
          {"integratedTime", "0"},
          {"kindVersion", {{"kind", "dsse"}, {"version", entry_version}}},
          {"logId", {{"keyId", write_base64(log.logid.view())}}},
          {"logIndex", index}};
}

Json material_json(const Bundle& bundle) {
  Json material = {{"publicKey", {{"hint", bundle.keyid.hex()}}}, {"tlogEntries", Json::array()}};
  if (bundle.log) material["tlogEntries"].push_back(log_json(*bundle.log));
  if (bundle.timestamp) {
    const Json one = {{"signedTimestamp", write_base64(*bundle.timestamp)}};
    material["timestampVerificationData"]["rfc3161Timestamps"] = Json::array({one});
  }
  return material;
}

Result<core::Bytes> parse_bytes(const JsonField& parent, std::string_view member) {
  ISOTRACE_TRY(const JsonField field, parent.member(member));
  return field.base64();
}

Result<core::Digest> parse_hash(const JsonField& field) {
  ISOTRACE_TRY(const core::Bytes bytes, field.base64());
  const auto digest = core::digest_from_bytes(bytes);
  if (!digest) return field.refuse("must be 32 bytes");
  return *digest;
}

/// Takes what cannot be derived; that the rest agrees shows when the bundle is written again.
Result<BundleLog> parse_log(const JsonField& json) {
  BundleLog log;
  ISOTRACE_TRY(log.entry, parse_bytes(json, "canonicalizedBody"));
  ISOTRACE_TRY(const JsonField id, json.member("logId"));
  ISOTRACE_TRY(const JsonField keyid, id.member("keyId"));
  ISOTRACE_TRY(log.logid, parse_hash(keyid));
  ISOTRACE_TRY(const JsonField proof, json.member("inclusionProof"));
  constexpr std::size_t digits_max = 20;
  ISOTRACE_TRY(const std::string index, proof.name("logIndex", digits_max));
  std::from_chars(index.data(), index.data() + index.size(), log.proof.index);
  ISOTRACE_TRY(const auto hashes, proof.elements("hashes", log_proof_hashes_max));
  for (const JsonField& field : hashes) {
    ISOTRACE_TRY(log.proof.hashes.emplace_back(), parse_hash(field));
  }
  ISOTRACE_TRY(const JsonField checkpoint, proof.member("checkpoint"));
  ISOTRACE_TRY(const std::string note,
               checkpoint.text("envelope", core::limits::certificate_bytes_max));
  auto parsed = parse_note(note);
  if (!parsed || !parse_checkpoint(parsed->text)) return checkpoint.refuse("not a checkpoint");
  log.proof.checkpoint = *std::move(parsed);
  return log;
}

/// The hint goes into keyid; log and time stamp if they are there.
Result<core::Done> parse_material(const JsonField& material, Bundle& bundle) {
  constexpr std::string_view stamps_member = "timestampVerificationData";
  ISOTRACE_TRY(const JsonField key, material.member("publicKey"));
  ISOTRACE_TRY_DONE(key.check_members({"hint"}));
  ISOTRACE_TRY(bundle.keyid, key.digest("hint"));
  ISOTRACE_TRY(const auto entries, material.elements("tlogEntries", 1));
  if (!entries.empty()) {
    ISOTRACE_TRY(bundle.log, parse_log(entries[0]));
  }
  if (!material.has(stamps_member)) return material.check_members({"publicKey", "tlogEntries"});
  ISOTRACE_TRY_DONE(material.check_members({"publicKey", stamps_member, "tlogEntries"}));
  ISOTRACE_TRY(const JsonField data, material.member(stamps_member));
  ISOTRACE_TRY(const auto stamps, data.elements("rfc3161Timestamps", 1));
  if (stamps.empty()) return data.refuse("must hold one time stamp");
  ISOTRACE_TRY(bundle.timestamp, parse_bytes(stamps[0], "signedTimestamp"));
  return core::Done{};
}

Result<Bundle> parse_bundle_json(const JsonField& root, core::ByteView bytes) {
  ISOTRACE_TRY_DONE(root.check_members({"dsseEnvelope", "mediaType", "verificationMaterial"}));
  ISOTRACE_TRY(const JsonField type, root.member("mediaType"));
  ISOTRACE_TRY_DONE(type.check_text(bundle_media_type));
  Bundle bundle;
  ISOTRACE_TRY(const JsonField material, root.member("verificationMaterial"));
  ISOTRACE_TRY_DONE(parse_material(material, bundle));
  ISOTRACE_TRY(const JsonField field, root.member("dsseEnvelope"));
  ISOTRACE_TRY(Envelope envelope, parse_envelope(field, payload_media_type, 1));
  if (envelope.signatures[0].keyid != bundle.keyid) {
    return core::refuse(code, "/dsseEnvelope/signatures/0/keyid", "differs from the key hint");
  }
  bundle.payload = std::move(envelope.payload);
  bundle.signature = std::move(envelope.signatures[0].signature);
  if (!bundle.log && !bundle.timestamp) return bundle;
  // Members of a log entry that are unknown, or say again what others say and differ, end here.
  const core::Bytes again = write_bundle(bundle);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
    return core::refuse(code, "/verificationMaterial", "unknown or contradictory members");
  }
  return bundle;
}

Result<CertificateFile> parse_sealed(core::ByteView bytes) {
  auto proof = parse_log_proof(core::as_text(bytes));
  if (!proof) return core::refuse(code, proof.error().where, proof.error().detail);
  if (proof->extra.empty()) return core::refuse(code, "proof", "there is no certificate in it");
  CertificateFile file;
  SealedCertificate& sealed = file.sealed.emplace();
  sealed.payload.swap(proof->extra);
  sealed.proof = *std::move(proof);
  return file;
}

}  // namespace

core::Bytes write_bundle(const Bundle& bundle) {
  const Json json = {
      {"dsseEnvelope",
       envelope_json({bundle.payload, {{bundle.keyid, bundle.signature}}}, payload_media_type)},
      {"mediaType", bundle_media_type},
      {"verificationMaterial", material_json(bundle)},
  };
  const std::string text = write_json(json);
  return {text.begin(), text.end()};
}

core::Bytes write_signatures(const Envelope& envelope) {
  const std::string text = write_json(envelope_json(envelope, payload_media_type));
  return {text.begin(), text.end()};
}

Result<Bundle> parse_bundle(core::ByteView bytes) {
  ISOTRACE_TRY(const JsonDocument json,
               parse_strict_json(bytes, {code, core::limits::certificate_bytes_max}));
  return parse_bundle_json(JsonField(json, code), bytes);
}

Result<CertificateFile> parse_certificate_file(core::ByteView bytes) {
  if (core::as_text(bytes).starts_with(log_proof_header)) return parse_sealed(bytes);
  ISOTRACE_TRY(const JsonDocument json,
               parse_strict_json(bytes, {code, core::limits::certificate_bytes_max}));
  CertificateFile file;
  const JsonField root(json, code);
  if (!root.has("signatures")) {
    ISOTRACE_TRY(file.bundles.emplace_back(), parse_bundle_json(root, bytes));
    return file;
  }
  ISOTRACE_TRY(Envelope envelope,
               parse_envelope(root, payload_media_type, core::limits::signatures_max));
  for (EnvelopeSignature& one : envelope.signatures) {
    file.bundles.push_back({one.keyid, envelope.payload, std::move(one.signature)});
  }
  return file;
}

}  // namespace isotrace::certificates
