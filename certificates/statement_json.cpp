// Reads statements, member by member as docs/formats/certificate.md has them; signing/ writes them.
#include <algorithm>

#include <isotrace/certificates/json_field.hpp>
#include <isotrace/certificates/statement.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

using core::Done;
using core::Result;

template <class Enum>
Result<Enum> parse_named(const JsonField& parent, std::string_view member) {
  ISOTRACE_TRY(const JsonField field, parent.member(member));
  ISOTRACE_TRY(const std::string name, field.name(plain_bytes_max));
  const auto value = find_named<Enum>(name);
  if (!value) return field.refuse("unknown value " + quote(name));
  return *value;
}

Result<NamedVersion> parse_named_version(const JsonField& json) {
  ISOTRACE_TRY_DONE(json.check_members({"name", "version"}));
  NamedVersion value;
  ISOTRACE_TRY(value.name, json.name("name", plain_bytes_max));
  ISOTRACE_TRY(value.version, json.name("version", plain_bytes_max));
  return value;
}

Result<StatementModel> parse_model(const JsonField& json) {
  ISOTRACE_TRY_DONE(json.check_members(
      {"bytes", "kind", "programDigest", "sha256", "weightsCount", "weightsRoot"}));
  StatementModel model;
  ISOTRACE_TRY(model.bytes, json.count("bytes"));
  ISOTRACE_TRY(model.kind, parse_named<ModelKind>(json, "kind"));
  ISOTRACE_TRY(model.identity.program, json.digest("programDigest"));
  ISOTRACE_TRY(model.sha256, json.digest("sha256"));
  ISOTRACE_TRY(model.identity.weights_count, json.count("weightsCount"));
  ISOTRACE_TRY(model.identity.weights_root, json.digest("weightsRoot"));
  return model;
}

Result<PropertyReference> parse_property(const JsonField& json) {
  ISOTRACE_TRY_DONE(json.check_members({"lang", "sha256", "text"}));
  PropertyReference property;
  ISOTRACE_TRY(property.language, json.name("lang", plain_bytes_max));
  ISOTRACE_TRY(property.sha256, json.digest("sha256"));
  ISOTRACE_TRY(property.text, json.text("text", shown_text_max));
  return property;
}

Result<ProofReference> parse_proof_reference(const JsonField& json) {
  ISOTRACE_TRY_DONE(json.check_members({"digest", "format", "leaves", "sha256"}));
  ProofReference proof;
  ISOTRACE_TRY(proof.digest, json.digest("digest"));
  ISOTRACE_TRY(proof.format, json.name("format", plain_bytes_max));
  ISOTRACE_TRY(proof.leaves, json.count("leaves"));
  ISOTRACE_TRY(proof.file_sha256, json.digest("sha256"));
  return proof;
}

Result<Claim> parse_claim(const JsonField& json) {
  ISOTRACE_TRY_DONE(json.check_members({"assurance", "checker", "coverage", "id", "level", "method",
                                        "proof", "property", "result"}));
  Claim claim;
  ISOTRACE_TRY(claim.assurance, parse_named<Assurance>(json, "assurance"));
  ISOTRACE_TRY(claim.id, json.name("id", plain_bytes_max));
  ISOTRACE_TRY(claim.level, parse_named<ClaimLevel>(json, "level"));
  ISOTRACE_TRY(claim.method, parse_named<ClaimMethod>(json, "method"));
  ISOTRACE_TRY(claim.result, parse_named<ClaimResult>(json, "result"));
  ISOTRACE_TRY(const JsonField checker, json.member("checker"));
  if (!checker.is_null()) {
    ISOTRACE_TRY(claim.checker, parse_named_version(checker));
  }
  ISOTRACE_TRY(const JsonField coverage, json.member("coverage"));
  if (!coverage.is_null()) {
    ISOTRACE_TRY_DONE(coverage.check_members({"checked", "total"}));
    Coverage& value = claim.coverage.emplace();
    ISOTRACE_TRY(value.checked, coverage.count("checked"));
    ISOTRACE_TRY(value.total, coverage.count("total"));
  }
  ISOTRACE_TRY(const JsonField proof, json.member("proof"));
  if (!proof.is_null()) {
    ISOTRACE_TRY(claim.proof, parse_proof_reference(proof));
  }
  ISOTRACE_TRY(const JsonField property, json.member("property"));
  if (!property.is_null()) {
    ISOTRACE_TRY(claim.property, parse_property(property));
  }
  return claim;
}

Result<StatementTrace> parse_trace_reference(const JsonField& json) {
  ISOTRACE_TRY_DONE(json.check_members({"fileSha256", "headerSha256", "leafCount", "root"}));
  StatementTrace trace;
  ISOTRACE_TRY(trace.file_sha256, json.digest("fileSha256"));
  ISOTRACE_TRY(trace.header_sha256, json.digest("headerSha256"));
  ISOTRACE_TRY(trace.leaf_count, json.count("leafCount"));
  ISOTRACE_TRY(trace.root, json.digest("root"));
  return trace;
}

Result<Done> parse_lists(const JsonField& predicate, Statement& statement) {
  ISOTRACE_TRY(const auto backends, predicate.elements("backends", list_max));
  for (const JsonField& json : backends) {
    ISOTRACE_TRY_DONE(json.check_members({"device", "id", "role", "tool"}));
    StatementBackend& backend = statement.backends.emplace_back();
    ISOTRACE_TRY(backend.device, json.text("device", plain_bytes_max));
    ISOTRACE_TRY(backend.id, json.text("id", plain_bytes_max));
    ISOTRACE_TRY(backend.role, json.name("role", plain_bytes_max));
    ISOTRACE_TRY(backend.tool, json.text("tool", plain_bytes_max));
  }
  ISOTRACE_TRY(const auto claims, predicate.elements("claims", claims_max));
  for (const JsonField& json : claims) {
    ISOTRACE_TRY(statement.claims.emplace_back(), parse_claim(json));
  }
  ISOTRACE_TRY(const auto evidence, predicate.elements("evidence", list_max));
  for (const JsonField& json : evidence) {
    ISOTRACE_TRY_DONE(json.check_members({"digest", "mediaType", "name"}));
    EvidenceReference& item = statement.evidence.emplace_back();
    ISOTRACE_TRY(const JsonField digest, json.member("digest"));
    ISOTRACE_TRY_DONE(digest.check_members({"sha256"}));
    ISOTRACE_TRY(item.sha256, digest.digest("sha256"));
    ISOTRACE_TRY(item.media_type, json.name("mediaType", plain_bytes_max));
    ISOTRACE_TRY(item.name, json.name("name", plain_bytes_max));
  }
  ISOTRACE_TRY(const auto non_claims, predicate.elements("nonClaims", list_max));
  for (const JsonField& json : non_claims) {
    ISOTRACE_TRY(statement.non_claims.emplace_back(), json.name(plain_bytes_max));
  }
  return Done{};
}

Result<Done> parse_predicate(const JsonField& json, Statement& statement) {
  ISOTRACE_TRY_DONE(json.check_members({"backends", "challenge", "claims", "evidence", "inputs",
                                        "model", "nonClaims", "schemaVersion", "semantics",
                                        "toolchain", "trace", "verdict"}));
  ISOTRACE_TRY(const std::uint64_t version, json.count("schemaVersion"));
  if (version != predicate_version) return json.refuse("schemaVersion must be 1");
  ISOTRACE_TRY_DONE(parse_lists(json, statement));

  ISOTRACE_TRY(const JsonField challenge, json.member("challenge"));
  ISOTRACE_TRY_DONE(challenge.check_members({"source", "value"}));
  ISOTRACE_TRY(statement.challenge.source, challenge.name("source", plain_bytes_max));
  ISOTRACE_TRY(statement.challenge.value, challenge.text("value", plain_bytes_max));

  ISOTRACE_TRY(const JsonField inputs, json.member("inputs"));
  if (!inputs.is_null()) {
    ISOTRACE_TRY_DONE(inputs.check_members({"count", "root"}));
    StatementInputs& value = statement.inputs.emplace();
    ISOTRACE_TRY(value.count, inputs.count("count"));
    ISOTRACE_TRY(value.root, inputs.digest("root"));
  }
  ISOTRACE_TRY(const JsonField trace, json.member("trace"));
  if (!trace.is_null()) {
    ISOTRACE_TRY(statement.trace, parse_trace_reference(trace));
  }
  ISOTRACE_TRY(const JsonField model, json.member("model"));
  ISOTRACE_TRY(statement.model, parse_model(model));
  ISOTRACE_TRY(const JsonField semantics, json.member("semantics"));
  ISOTRACE_TRY_DONE(semantics.check_members({"id", "version"}));
  ISOTRACE_TRY(statement.semantics, semantics.name("id", plain_bytes_max));
  ISOTRACE_TRY(const std::uint64_t semantics_number, semantics.count("version"));
  if (semantics_number != semantics_version(statement.semantics)) {
    return semantics.refuse("version is not the number at the end of id");
  }
  ISOTRACE_TRY(const JsonField toolchain, json.member("toolchain"));
  ISOTRACE_TRY(statement.toolchain, parse_named_version(toolchain));

  ISOTRACE_TRY(const JsonField verdict, json.member("verdict"));
  const std::string_view recomputed = name_of(verdict_of(statement.claims));
  if (const auto matches = verdict.check_text(recomputed); !matches) {
    return verdict.refuse("the claims give " + std::string(recomputed));
  }
  return Done{};
}

}  // namespace

Result<Statement> parse_statement(core::ByteView payload) {
  constexpr auto code = core::RefusalCode::certificate_malformed;
  ISOTRACE_TRY(const JsonDocument json,
               parse_strict_json(payload, {code, core::limits::certificate_bytes_max}));
  const JsonField root(json, code);
  ISOTRACE_TRY_DONE(root.check_members({"_type", "predicate", "predicateType", "subject"}));
  ISOTRACE_TRY(const JsonField type, root.member("_type"));
  ISOTRACE_TRY_DONE(type.check_text(statement_type));
  ISOTRACE_TRY(const JsonField predicate_kind, root.member("predicateType"));
  ISOTRACE_TRY_DONE(predicate_kind.check_text(predicate_type));

  Statement statement;
  ISOTRACE_TRY(const auto subjects, root.elements("subject", 1));
  if (subjects.size() != 1) return root.refuse("must have exactly one subject");
  ISOTRACE_TRY_DONE(subjects[0].check_members({"digest", "name"}));
  ISOTRACE_TRY(statement.subject, subjects[0].name("name", plain_bytes_max));
  ISOTRACE_TRY(const JsonField digest, subjects[0].member("digest"));
  ISOTRACE_TRY_DONE(digest.check_members({"sha256"}));
  ISOTRACE_TRY(const core::Digest sha256, digest.digest("sha256"));
  ISOTRACE_TRY(const JsonField predicate, root.member("predicate"));
  ISOTRACE_TRY_DONE(parse_predicate(predicate, statement));
  if (sha256 != statement.model.sha256) return digest.refuse("differs from the model's");
  ISOTRACE_TRY_DONE(check_statement(statement));
  return statement;
}

}  // namespace isotrace::certificates
