#include <isotrace/signing/companions.hpp>

#include <algorithm>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/json_field.hpp>
#include <isotrace/certificates/statement.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::signing {

using namespace certificates;
using core::Result;

namespace {

core::Bytes bytes_of(const Json& json) {
  const std::string text = write_json(json);
  return {text.begin(), text.end()};
}

Json statement_json(const std::string& type, Json predicate, const std::string& subject,
                    const std::string& sha256) {
  const Json one = {{"digest", {{"sha256", sha256}}}, {"name", subject}};
  return {{"_type", statement_type},
          {"predicate", std::move(predicate)},
          {"predicateType", type},
          {"subject", Json::array({one})}};
}

/// Stable names of what a passed verification showed.
std::vector<std::string> properties_of(const VerifyReport& report) {
  if (report.outcome != Outcome::passed) return {};
  std::vector<std::string> names = {"ISOTRACE_CERTIFICATE_VERIFIED"};
  for (const ClaimReport& claim : report.claims) {
    const bool replay = claim.id == "replay";
    names.push_back(replay ? "ISOTRACE_REPLAY_BITEXACT_CLAIMED" : "ISOTRACE_PROPERTY_CLAIMED");
    if (claim.established == "reproduced") names.emplace_back("ISOTRACE_REPLAY_BITEXACT");
    if (claim.established == "proved") names.emplace_back("ISOTRACE_PROPERTY_PROVED");
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

Json policy_reference(const VerifyReport& report) {
  const Json one = {{"digest", {{"sha256", report.policy_sha256.hex()}}}, {"name", "policy"}};
  return Json::array({one});
}

}  // namespace

Result<std::vector<ModelFile>> files_of_manifest(core::ByteView manifest) {
  constexpr auto code = core::RefusalCode::certificate_malformed;
  ISOTRACE_TRY(const JsonDocument json,
               parse_strict_json(manifest, {code, core::limits::model_bytes_max}));
  return read_shape(json, code, [](const JsonField& root) {
    std::vector<ModelFile> files;
    for (const JsonField& field : root.member("files").elements(1U << 20)) {
      files.push_back({std::string(field.member("path").name(core::limits::name_bytes_max)),
                       field.member("sha256").digest()});
    }
    return files;
  });
}

Result<core::Bytes> sign_model(const std::string& name, std::vector<ModelFile> files,
                               const SigningKey& key) {
  if (key.public_key().algorithm() != KeyAlgorithm::ecdsa_p256) {
    return core::refuse(core::RefusalCode::key_algorithm_unsupported, "key",
                        "model signatures are made with ECDSA P-256");
  }
  std::ranges::sort(files, {}, &ModelFile::path);
  Json resources = Json::array();
  core::Sha256 root;  // over the digests alone, as OMS has it: names are bound by the resources
  for (const ModelFile& file : files) {
    resources.push_back(
        {{"algorithm", "sha256"}, {"digest", file.sha256.hex()}, {"name", file.path}});
    root.update(file.sha256.view());
  }
  const Json serialization = {{"allow_symlinks", false},
                              {"hash_type", "sha256"},
                              {"ignore_paths", Json::array()},
                              {"method", "files"}};
  const core::Bytes payload = bytes_of(
      statement_json("https://model_signing/signature/v1.0",
                     {{"resources", std::move(resources)}, {"serialization", serialization}}, name,
                     root.finish().hex()));
  // The hint of OMS is the digest of the PEM text, not of the DER as in certificates.
  const std::string pem = write_public_key(key.public_key());
  return write_bundle({core::sha256(core::as_bytes(pem)), payload,
                       key.sign(dsse_pae(payload_media_type, payload))});
}

core::Bytes write_svr(const VerifyReport& report, UnixSeconds time) {
  const Json verifier = {{"id", "https://isotrace.dev/verifier/v1"},
                         {"policies", policy_reference(report)}};
  return bytes_of(statement_json("https://in-toto.io/attestation/svr/v0.2",
                                 {{"properties", properties_of(report)},
                                  {"timeCreated", write_utc(time)},
                                  {"verifier", verifier}},
                                 report.subject, report.subject_sha256));
}

core::Bytes write_test_result(const VerifyReport& report) {
  Json lists[3] = {Json::array(), Json::array(), Json::array()};  // as CheckStatus counts
  for (const Check& check : report.checks) {
    lists[static_cast<std::size_t>(check.status)].push_back(check.id);
  }
  return bytes_of(statement_json(
      "https://in-toto.io/attestation/test-result/v0.1",
      {{"configuration", policy_reference(report)},
       {"failedTests", std::move(lists[static_cast<std::size_t>(CheckStatus::failed)])},
       {"passedTests", std::move(lists[static_cast<std::size_t>(CheckStatus::ok)])},
       {"result", report.outcome == Outcome::passed ? "PASSED" : "FAILED"},
       {"warnedTests", std::move(lists[static_cast<std::size_t>(CheckStatus::skipped)])}},
      report.subject, report.subject_sha256));
}

}  // namespace isotrace::signing
