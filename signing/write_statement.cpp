#include <isotrace/signing/write_statement.hpp>

#include <isotrace/certificates/strict_json.hpp>

namespace isotrace::signing {
namespace {

using namespace certificates;

Json to_json(const StatementModel& model) {
  return {{"bytes", model.bytes},
          {"kind", name_of(model.kind)},
          {"programDigest", model.identity.program.hex()},
          {"sha256", model.sha256.hex()},
          {"weightsCount", model.identity.weights_count},
          {"weightsRoot", model.identity.weights_root.hex()}};
}

Json to_json(const NamedVersion& value) {
  return {{"name", value.name}, {"version", value.version}};
}

Json to_json(const Claim& claim) {
  Json json = {{"assurance", name_of(claim.assurance)},
               {"checker", nullptr},
               {"coverage", nullptr},
               {"id", claim.id},
               {"level", name_of(claim.level)},
               {"method", name_of(claim.method)},
               {"proof", nullptr},
               {"property", nullptr},
               {"result", name_of(claim.result)}};
  if (claim.checker) json["checker"] = to_json(*claim.checker);
  if (claim.coverage) {
    json["coverage"] = {{"checked", claim.coverage->checked}, {"total", claim.coverage->total}};
  }
  if (claim.proof) {
    json["proof"] = {{"digest", claim.proof->digest.hex()},
                     {"format", claim.proof->format},
                     {"leaves", claim.proof->leaves},
                     {"sha256", claim.proof->file_sha256.hex()}};
  }
  if (claim.property) {
    json["property"] = {{"lang", claim.property->language},
                        {"sha256", claim.property->sha256.hex()},
                        {"text", claim.property->text}};
  }
  return json;
}

Json trace_json(const Statement& statement) {
  if (!statement.trace) return nullptr;
  return {{"fileSha256", statement.trace->file_sha256.hex()},
          {"headerSha256", statement.trace->header_sha256.hex()},
          {"leafCount", statement.trace->leaf_count},
          {"root", statement.trace->root.hex()}};
}

Json inputs_json(const Statement& statement) {
  if (!statement.inputs) return nullptr;
  return {{"count", statement.inputs->count}, {"root", statement.inputs->root.hex()}};
}

Json predicate_json(const Statement& statement) {
  Json backends = Json::array();
  for (const StatementBackend& b : statement.backends) {
    backends.push_back({{"device", b.device}, {"id", b.id}, {"role", b.role}, {"tool", b.tool}});
  }
  Json claims = Json::array();
  for (const Claim& claim : statement.claims) claims.push_back(to_json(claim));
  Json evidence = Json::array();
  for (const EvidenceReference& e : statement.evidence) {
    evidence.push_back(
        {{"digest", {{"sha256", e.sha256.hex()}}}, {"mediaType", e.media_type}, {"name", e.name}});
  }
  Json predicate;
  predicate["backends"] = std::move(backends);
  predicate["challenge"] = {{"source", statement.challenge.source},
                            {"value", statement.challenge.value}};
  predicate["claims"] = std::move(claims);
  predicate["evidence"] = std::move(evidence);
  predicate["inputs"] = inputs_json(statement);
  predicate["model"] = to_json(statement.model);
  predicate["nonClaims"] = Json(statement.non_claims);
  predicate["schemaVersion"] = predicate_version;
  predicate["semantics"] = {{"id", statement.semantics},
                            {"version", semantics_version(statement.semantics).value_or(0)}};
  predicate["toolchain"] = to_json(statement.toolchain);
  predicate["trace"] = trace_json(statement);
  predicate["verdict"] = name_of(verdict_of(statement.claims));
  return predicate;
}

}  // namespace

core::Bytes write_statement(const Statement& statement) {
  const Json json = {
      {"_type", statement_type},
      {"predicate", predicate_json(statement)},
      {"predicateType", predicate_type},
      {"subject", Json::array({{{"digest", {{"sha256", statement.model.sha256.hex()}}},
                                {"name", statement.subject}}})},
  };
  const std::string text = write_json(json);
  return {text.begin(), text.end()};
}

}  // namespace isotrace::signing
