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

core::Digest read_hash(const JsonField& field) {
  const auto digest = core::digest_from_bytes(field.base64());
  if (!digest) field.refuse("must be 32 bytes");
  return digest.value_or(core::Digest{});
}

/// Takes what cannot be derived; that the rest agrees shows when the bundle is written again.
BundleLog read_log(const JsonField& json) {
  BundleLog log;
  log.entry = json.member("canonicalizedBody").base64();
  log.logid = read_hash(json.member("logId").member("keyId"));
  const JsonField proof = json.member("inclusionProof");
  constexpr std::size_t digits_max = 20;
  const std::string_view index = proof.member("logIndex").name(digits_max);
  std::from_chars(index.data(), index.data() + index.size(), log.proof.index);
  for (const JsonField& field : proof.member("hashes").elements(log_proof_hashes_max)) {
    log.proof.hashes.push_back(read_hash(field));
  }
  const JsonField checkpoint = proof.member("checkpoint");
  auto note = parse_note(checkpoint.member("envelope").text(core::limits::certificate_bytes_max));
  if (note && parse_checkpoint(note->text)) {
    log.proof.checkpoint = *std::move(note);
  } else {
    checkpoint.refuse("not a checkpoint");
  }
  return log;
}

core::Bytes read_timestamp(const JsonField& json) {
  const auto stamps = json.member("rfc3161Timestamps").elements(1);
  if (!stamps.empty()) return stamps[0].member("signedTimestamp").base64();
  json.refuse("must hold one time stamp");
  return {};
}

/// The hint goes into keyid; log and time stamp if they are there.
void read_material(const JsonField& material, Bundle& bundle) {
  constexpr std::string_view stamps_member = "timestampVerificationData";
  const auto read_always = [&](const JsonField& key, const JsonField& entries) {
    const auto [hint] = key.members("hint");
    bundle.keyid = hint.digest();
    for (const JsonField& entry : entries.elements(1)) bundle.log = read_log(entry);
  };
  if (!material.has(stamps_member)) {
    const auto [key, entries] = material.members("publicKey", "tlogEntries");
    return read_always(key, entries);
  }
  const auto [key, stamps, entries] = material.members("publicKey", stamps_member, "tlogEntries");
  read_always(key, entries);
  bundle.timestamp = read_timestamp(stamps);
}

Bundle read_bundle(const JsonField& root) {
  const auto [dsse, type, material] =
      root.members("dsseEnvelope", "mediaType", "verificationMaterial");
  type.expect_text(bundle_media_type);
  Bundle bundle;
  read_material(material, bundle);
  Envelope envelope = read_envelope(dsse, payload_media_type, 1);
  if (envelope.signatures.empty()) return bundle;  // and that has been refused
  EnvelopeSignature& signature = envelope.signatures[0];
  if (signature.keyid != bundle.keyid) dsse.refuse("the keyid differs from the key hint");
  bundle.payload = std::move(envelope.payload);
  bundle.signature = std::move(signature.signature);
  return bundle;
}

CertificateFile read_file(const JsonField& root) {
  CertificateFile file;
  if (!root.has("signatures")) {
    file.bundles.push_back(read_bundle(root));
    return file;
  }
  Envelope envelope = read_envelope(root, payload_media_type, core::limits::signatures_max);
  for (EnvelopeSignature& one : envelope.signatures) {
    file.bundles.push_back({one.keyid, envelope.payload, std::move(one.signature)});
  }
  return file;
}

/// Members of a log entry that are unknown, or say again what others say and differ, end here.
Result<core::Done> check_written_again(const Bundle& bundle, core::ByteView bytes) {
  if (!bundle.log && !bundle.timestamp) return core::Done{};
  const core::Bytes again = write_bundle(bundle);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
    return core::refuse(code, "/verificationMaterial", "unknown or contradictory members");
  }
  return core::Done{};
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
  ISOTRACE_TRY(Bundle bundle, read_shape(json, code, read_bundle));
  ISOTRACE_TRY_DONE(check_written_again(bundle, bytes));
  return bundle;
}

Result<CertificateFile> parse_certificate_file(core::ByteView bytes) {
  if (core::as_text(bytes).starts_with(log_proof_header)) return parse_sealed(bytes);
  ISOTRACE_TRY(const JsonDocument json,
               parse_strict_json(bytes, {code, core::limits::certificate_bytes_max}));
  ISOTRACE_TRY(CertificateFile file, read_shape(json, code, read_file));
  for (const Bundle& bundle : file.bundles) ISOTRACE_TRY_DONE(check_written_again(bundle, bytes));
  return file;
}

}  // namespace isotrace::certificates
