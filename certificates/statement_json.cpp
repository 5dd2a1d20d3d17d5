// Reads statements, member by member as docs/formats/certificate.md has them; signing/ writes them.
#include <algorithm>

#include <isotrace/certificates/json_field.hpp>
#include <isotrace/certificates/statement.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

std::string read_name(const JsonField& json) { return std::string(json.name(plain_bytes_max)); }
std::string read_text(const JsonField& json) { return std::string(json.text(plain_bytes_max)); }

template <class Enum>
Enum read_named(const JsonField& json) {
  const std::string_view name = json.name(plain_bytes_max);
  const auto value = find_named<Enum>(name);
  if (!value) json.refuse("unknown value " + quote(name));
  return value.value_or(Enum{});
}

NamedVersion read_named_version(const JsonField& json) {
  const auto [name, version] = json.members("name", "version");
  return {read_name(name), read_name(version)};
}

/// {"sha256": DIGEST}
core::Digest read_digest_set(const JsonField& json) {
  const auto [sha256] = json.members("sha256");
  return sha256.digest();
}

StatementModel read_model(const JsonField& json) {
  const auto [bytes, kind, program, sha256, weights_count, weights_root] =
      json.members("bytes", "kind", "programDigest", "sha256", "weightsCount", "weightsRoot");
  return {read_named<ModelKind>(kind),
          sha256.digest(),
          bytes.count(),
          {program.digest(), weights_root.digest(), weights_count.count()}};
}

PropertyReference read_property(const JsonField& json) {
  const auto [language, sha256, text] = json.members("lang", "sha256", "text");
  return {read_name(language), sha256.digest(), std::string(text.text(shown_text_max))};
}

ProofReference read_proof_reference(const JsonField& json) {
  const auto [digest, format, leaves, sha256] =
      json.members("digest", "format", "leaves", "sha256");
  return {read_name(format), sha256.digest(), digest.digest(), leaves.count()};
}

Coverage read_coverage(const JsonField& json) {
  const auto [checked, total] = json.members("checked", "total");
  return {checked.count(), total.count()};
}

void read_claim(const JsonField& json, Claim& claim) {
  const auto [assurance, checker, coverage, id, level, method, proof, property, result] =
      json.members("assurance", "checker", "coverage", "id", "level", "method", "proof", "property",
                   "result");
  claim.assurance = read_named<Assurance>(assurance);
  claim.id = read_name(id);
  claim.level = read_named<ClaimLevel>(level);
  claim.method = read_named<ClaimMethod>(method);
  claim.result = read_named<ClaimResult>(result);
  if (!checker.is_null()) claim.checker = read_named_version(checker);
  if (!coverage.is_null()) claim.coverage = read_coverage(coverage);
  if (!proof.is_null()) claim.proof = read_proof_reference(proof);
  if (!property.is_null()) claim.property = read_property(property);
}

StatementTrace read_trace_reference(const JsonField& json) {
  const auto [file, header, leaf_count, root] =
      json.members("fileSha256", "headerSha256", "leafCount", "root");
  return {file.digest(), header.digest(), leaf_count.count(), root.digest()};
}

StatementInputs read_inputs(const JsonField& json) {
  const auto [count, root] = json.members("count", "root");
  return {count.count(), root.digest()};
}

StatementBackend read_backend(const JsonField& json) {
  const auto [device, id, role, tool] = json.members("device", "id", "role", "tool");
  return {read_name(role), read_text(id), read_text(device), read_text(tool)};
}

EvidenceReference read_evidence(const JsonField& json) {
  const auto [digest, media_type, name] = json.members("digest", "mediaType", "name");
  return {read_name(name), read_name(media_type), read_digest_set(digest)};
}

std::string read_semantics(const JsonField& json) {
  const auto [id, version] = json.members("id", "version");
  std::string semantics = read_name(id);
  if (version.count() != semantics_version(semantics)) {
    json.refuse("version is not the number at the end of id");
  }
  return semantics;
}

void read_predicate(const JsonField& json, Statement& statement) {
  const auto [backends, challenge, claims, evidence, inputs, model, non_claims, schema_version,
              semantics, toolchain, trace, verdict] =
      json.members("backends", "challenge", "claims", "evidence", "inputs", "model", "nonClaims",
                   "schemaVersion", "semantics", "toolchain", "trace", "verdict");
  if (schema_version.count() != predicate_version) json.refuse("schemaVersion must be 1");
  for (const JsonField& one : backends.elements(list_max)) {
    statement.backends.push_back(read_backend(one));
  }
  const auto claimed = claims.elements(claims_max);
  statement.claims.reserve(claimed.size());
  for (const JsonField& one : claimed) read_claim(one, statement.claims.emplace_back());
  for (const JsonField& one : evidence.elements(list_max)) {
    statement.evidence.push_back(read_evidence(one));
  }
  for (const JsonField& one : non_claims.elements(list_max)) {
    statement.non_claims.push_back(read_name(one));
  }
  const auto [source, value] = challenge.members("source", "value");
  statement.challenge = {read_name(source), read_text(value)};
  if (!inputs.is_null()) statement.inputs = read_inputs(inputs);
  if (!trace.is_null()) statement.trace = read_trace_reference(trace);
  statement.model = read_model(model);
  statement.semantics = read_semantics(semantics);
  statement.toolchain = read_named_version(toolchain);
  const std::string_view recomputed = name_of(verdict_of(statement.claims));
  if (!verdict.is_text(recomputed)) verdict.refuse("the claims give " + std::string(recomputed));
}

Statement read_statement(const JsonField& json) {
  const auto [type, predicate, predicate_kind, subjects] =
      json.members("_type", "predicate", "predicateType", "subject");
  type.expect_text(statement_type);
  predicate_kind.expect_text(predicate_type);
  Statement statement;
  const auto subject = subjects.elements(1);
  if (subject.size() != 1) {
    json.refuse("must have exactly one subject");
    return statement;
  }
  const auto [digest, name] = subject[0].members("digest", "name");
  statement.subject = read_name(name);
  const core::Digest sha256 = read_digest_set(digest);
  read_predicate(predicate, statement);
  if (sha256 != statement.model.sha256) digest.refuse("differs from the model's");
  return statement;
}

}  // namespace

Result<Statement> parse_statement(core::ByteView payload) {
  constexpr auto code = core::RefusalCode::certificate_malformed;
  ISOTRACE_TRY(const JsonDocument json,
               parse_strict_json(payload, {code, core::limits::certificate_bytes_max}));
  ISOTRACE_TRY(Statement statement, read_shape(json, code, read_statement));
  ISOTRACE_TRY_DONE(check_statement(statement));
  return statement;
}

}  // namespace isotrace::certificates
