#include <isotrace/certificates/verify_evidence.hpp>

#include <algorithm>

namespace isotrace::certificates {
namespace {

using core::Digest;

/// What it means that an artifact with the right digest cannot be read or judged.
Outcome outcome_of(const core::Refusal& refusal) {
  return core::refusal_info(refusal.code).kind == core::RefusalClass::malformed
             ? Outcome::malformed
             : Outcome::nothing_verified;
}

PreparedEvidence::File digested(core::ByteView bytes) { return {bytes, core::sha256(bytes)}; }

/// The model that the statement names, otherwise the first; null if there is none.
const PreparedEvidence::Model* find_model(const Statement& statement,
                                          const PreparedEvidence& evidence) {
  const PreparedEvidence::Model* found = nullptr;
  for (const PreparedEvidence::Model& model : evidence.models) {
    if (model.sha256 != statement.model.sha256) continue;
    model.bound = true;
    found = &model;
  }
  return found != nullptr || evidence.models.empty() ? found : &evidence.models.front();
}

/// Whether an ONNX file has entries "location" in external_data (field 13): its digest does not
/// cover the data of those tensors.
bool keeps_data_elsewhere(const PreparedEvidence::Model& model) {
  const std::string_view text = core::as_text(model.bytes);
  constexpr std::string_view entry = "\x0a\x08location\x12";
  std::size_t at = text.find(entry);
  while (at < text.size() && !(at >= 3 && (text[at - 2] == 'j' || text[at - 3] == 'j'))) {
    at = text.find(entry, at + 1);
  }
  return model.kind == ModelKind::file && at < text.size();
}

void check_model(const Statement& statement, const PreparedEvidence& evidence, EvidenceFound& found,
                 CheckList& checks) {
  const StatementModel& model = statement.model;
  const PreparedEvidence::Model* given = find_model(statement, evidence);
  if (given != nullptr) {
    found.model = checks.compare("model.sha256", Outcome::digest, model.sha256.hex(),
                                 given->sha256.hex(), "/subject/0/digest/sha256");
    checks.compare("model.bytes", Outcome::digest, std::to_string(model.bytes),
                   std::to_string(given->bytes.size()), "/predicate/model/bytes");
    // The manifest alone is no folder: nobody would have looked at the files.
    checks.compare("model.kind", Outcome::digest, std::string(name_of(model.kind)),
                   std::string(name_of(given->kind)), "/predicate/model/kind");
  } else {
    checks.skip("model.sha256", "the model was not given", model.sha256.hex(),
                "/subject/0/digest/sha256");
  }
  const auto& identity = given != nullptr ? given->identity : evidence.given.identity;
  if (!identity && given != nullptr && keeps_data_elsewhere(*given)) {
    checks.require(false, "model.program", Outcome::nothing_verified,
                   "the model keeps data in other files, and was not imported with them");
  } else if (!identity) {
    checks.skip("model.program", "the model was not imported here", model.identity.program.hex(),
                "/predicate/model/programDigest");
  }
  if (!identity) return;
  checks.compare("model.program", Outcome::digest, model.identity.program.hex(),
                 identity->program.hex(), "/predicate/model/programDigest");
  checks.compare("model.weights", Outcome::digest, model.identity.weights_root.hex(),
                 identity->weights_root.hex(), "/predicate/model/weightsRoot");
  checks.compare("model.weights_count", Outcome::digest,
                 std::to_string(model.identity.weights_count),
                 std::to_string(identity->weights_count), "/predicate/model/weightsCount");
}

void check_trace(const Statement& statement, const PreparedEvidence& evidence, EvidenceFound& found,
                 CheckList& checks) {
  const auto& trace = evidence.trace;
  const bool passed_over = trace && evidence.given.shared &&
                           !(statement.trace && statement.trace->file_sha256 == trace->sha256);
  if (!trace || passed_over) {
    if (statement.trace) {
      checks.skip("trace.file", "the trace was not given", statement.trace->file_sha256.hex(),
                  "/predicate/trace/fileSha256");
    }
    return;
  }
  if (!checks.require(statement.trace.has_value(), "trace.bound", Outcome::digest,
                      "the certificate binds no trace", "/predicate/trace")) {
    return;
  }
  const StatementTrace& bound = *statement.trace;
  if (!checks.compare("trace.file", Outcome::digest, bound.file_sha256.hex(), trace->sha256.hex(),
                      "/predicate/trace/fileSha256")) {
    return;
  }
  trace->bound = true;
  if (!trace->facts) trace->facts = read_trace_facts(trace->bytes);
  const auto& facts = *trace->facts;
  if (!facts) {
    checks.require(false, "trace.readable", outcome_of(facts.error()), describe(facts.error()));
    return;
  }
  bool good = checks.compare("trace.root", Outcome::digest, bound.root.hex(),
                             facts->reference.root.hex(), "/predicate/trace/root");
  good &= checks.compare("trace.header", Outcome::digest, bound.header_sha256.hex(),
                         facts->reference.header_sha256.hex(), "/predicate/trace/headerSha256");
  good &= checks.compare("trace.leaf_count", Outcome::digest, std::to_string(bound.leaf_count),
                         std::to_string(facts->reference.leaf_count), "/predicate/trace/leafCount");
  good &= checks.compare("trace.program", Outcome::digest, statement.model.identity.program.hex(),
                         facts->program.hex(), "/predicate/model/programDigest");
  if (facts->module && statement.model.kind == ModelKind::file) {
    good &= checks.compare("trace.module", Outcome::digest, statement.model.sha256.hex(),
                           facts->module->hex(), "/subject/0/digest/sha256");
  }
  good &= checks.compare("trace.semantics", Outcome::digest, statement.semantics,
                         plain_text(facts->semantics), "/predicate/semantics/id");
  good &= checks.require(statement.inputs == facts->inputs, "trace.inputs", Outcome::digest,
                         "the inputs of the run are others", "/predicate/inputs");
  const auto& backends = statement.backends;
  good &= checks.require(
      std::find(backends.begin(), backends.end(), facts->backend) != backends.end(),
      "trace.backend", Outcome::digest, "the trace was recorded elsewhere", "/predicate/backends");
  found.trace = good;
}

void check_replay(const Statement& statement, const Evidence& evidence, EvidenceFound& found,
                  CheckList& checks) {
  if (!evidence.replay || (evidence.shared && !found.trace)) return;
  if (!checks.require(evidence.replay->kind != core::Verdict::Kind::undecided, "replay",
                      Outcome::nothing_verified, evidence.replay->reason)) {
    return;
  }
  // Without a replay claim the run must at least be what the model computes.
  ClaimResult expected = ClaimResult::holds;
  for (const Claim& claim : statement.claims) {
    if (claim.method == ClaimMethod::replay && claim.result != ClaimResult::unknown) {
      expected = claim.result;
    }
  }
  found.replayed =
      checks.compare("replay.result", Outcome::digest, std::string(name_of(expected)),
                     std::string(name_of(result_of(*evidence.replay))), "/predicate/claims");
}

/// Checks a proof whose file digest is the claim's.
bool check_proof_claim(const Statement& statement, const Claim& claim,
                       const PreparedEvidence::Artifact<ProofFacts>& proof, CheckList& checks) {
  const std::string id = claim.id + ".proof";
  if (!proof.facts) proof.facts = read_proof_facts(proof.bytes);
  const auto& facts = *proof.facts;
  if (!facts) {
    return checks.require(false, id + ".readable", outcome_of(facts.error()),
                          describe(facts.error()), "/predicate/claims");
  }
  bool good = checks.compare(id + ".digest", Outcome::digest, claim.proof->digest.hex(),
                             facts->reference.digest.hex(), "/predicate/claims/proof/digest");
  good &= checks.compare(id + ".program", Outcome::digest, statement.model.identity.program.hex(),
                         facts->model.program.hex(), "/predicate/model/programDigest");
  good &= checks.require(facts->model == statement.model.identity, id + ".weights", Outcome::digest,
                         "the proof is about other weights", "/predicate/model/weightsRoot");
  good &= checks.compare(id + ".property", Outcome::digest, claim.property->sha256.hex(),
                         facts->property.hex(), "/predicate/claims/property/sha256");
  good &= checks.compare(id + ".semantics", Outcome::digest, statement.semantics,
                         plain_text(facts->semantics), "/predicate/semantics/id");
  good &= checks.compare(id + ".level", Outcome::digest, std::string(name_of(claim.level)),
                         std::string(name_of(facts->level)), "/predicate/claims/level");
  good &= checks.require(facts->counterexample == (claim.method == ClaimMethod::counterexample) &&
                             facts->reference.leaves == claim.proof->leaves &&
                             facts->reference.format == claim.proof->format &&
                             claim.property->language == property_language,
                         id + ".kind", Outcome::digest, "the proof is of another kind or size",
                         "/predicate/claims/proof");
  // The checker's answer must carry the claim: HOLDS needs `accepted`; a counterexample must at
  // least not be refuted (whether it was executed again rests on the signer).
  const bool carried = claim.method == ClaimMethod::proof
                           ? facts->verdict.accepted()
                           : facts->verdict.kind != core::Verdict::Kind::rejected;
  good &=
      checks.require(carried, id + ".checked", Outcome::digest,
                     "the checker says " + std::string(core::verdict_name(facts->verdict.kind)) +
                         ": " + facts->verdict.reason,
                     "/predicate/claims/result");
  return good;
}

void check_proofs(const Statement& statement, const PreparedEvidence& evidence,
                  EvidenceFound& found, CheckList& checks) {
  const auto& given = evidence.proofs;
  for (const Claim& claim : statement.claims) {
    if (!claim.proof) continue;
    const auto file = given.find(claim.proof->file_sha256);
    if (file == given.end()) {
      checks.skip(claim.id + ".proof", "the proof was not given", claim.proof->file_sha256.hex(),
                  "/predicate/claims/proof/sha256");
      continue;
    }
    file->second.bound = true;
    checks.compare(claim.id + ".proof", Outcome::digest, claim.proof->file_sha256.hex(),
                   file->first.hex(), "/predicate/claims/proof/sha256");
    if (check_proof_claim(statement, claim, file->second, checks)) {
      found.proofs.insert(file->first);
      found.properties.insert(claim.property->sha256);
    }
  }
  if (evidence.given.shared) return;
  for (const auto& [digest, file] : given) {
    const bool bound = std::any_of(
        statement.claims.begin(), statement.claims.end(),
        [&](const Claim& claim) { return claim.proof && claim.proof->file_sha256 == digest; });
    if (!bound) {
      checks.require(false, "proof.bound", Outcome::digest,
                     "no claim binds the proof with digest " + digest.hex(), "/predicate/claims");
    }
  }
}

void check_properties(const Statement& statement, const PreparedEvidence& evidence,
                      EvidenceFound& found, CheckList& checks) {
  for (const PreparedEvidence::File& file : evidence.properties) {
    const bool bound =
        std::any_of(statement.claims.begin(), statement.claims.end(), [&](const Claim& claim) {
          return claim.property && claim.property->sha256 == file.sha256;
        });
    if (!bound && evidence.given.shared) continue;
    checks.require(bound, "property.bound", Outcome::digest,
                   "no claim binds the property with digest " + file.sha256.hex(),
                   "/predicate/claims");
    if (!bound) continue;
    file.bound = true;
    found.properties.insert(file.sha256);
  }
}

void check_others(const Statement& statement, const PreparedEvidence& evidence, CheckList& checks) {
  for (const PreparedEvidence::File& file : evidence.others) {
    const bool bound = std::any_of(
        statement.evidence.begin(), statement.evidence.end(),
        [&](const EvidenceReference& reference) { return reference.sha256 == file.sha256; });
    if (!bound && evidence.given.shared) continue;
    checks.require(bound, "evidence.bound", Outcome::digest,
                   "no evidence with digest " + file.sha256.hex() + " is bound",
                   "/predicate/evidence");
    file.bound = file.bound || bound;
  }
}

}  // namespace

PreparedEvidence::PreparedEvidence(const Evidence& evidence) : given(evidence) {
  if (evidence.model) add_model(*evidence.model, evidence.model_kind, evidence.identity);
  for (const core::ByteView bytes : evidence.properties) properties.push_back(digested(bytes));
  for (const core::ByteView bytes : evidence.proofs) {
    const File file = digested(bytes);
    proofs.emplace(file.sha256, Artifact<ProofFacts>{file});
  }
  if (evidence.trace) trace = Artifact<TraceFacts>{digested(*evidence.trace)};
  for (const core::ByteView bytes : evidence.others) others.push_back(digested(bytes));
}

void PreparedEvidence::add_model(core::ByteView bytes, ModelKind kind,
                                 std::optional<ModelIdentity> identity) {
  models.push_back({digested(bytes), kind, std::move(identity)});
}

std::vector<Digest> PreparedEvidence::unbound() const {
  std::vector<Digest> found;
  const auto add = [&](const File& file) {
    if (!file.bound) found.push_back(file.sha256);
  };
  for (const File& file : models) add(file);
  for (const File& file : properties) add(file);
  for (const auto& [digest, file] : proofs) add(file);
  if (trace) add(*trace);
  for (const File& file : others) add(file);
  return found;
}

EvidenceFound check_evidence(const Statement& statement, const PreparedEvidence& evidence,
                             CheckList& checks) {
  EvidenceFound found;
  check_model(statement, evidence, found, checks);
  check_trace(statement, evidence, found, checks);
  check_replay(statement, evidence.given, found, checks);
  check_properties(statement, evidence, found, checks);
  check_proofs(statement, evidence, found, checks);
  check_others(statement, evidence, checks);
  return found;
}

}  // namespace isotrace::certificates
