#include <isotrace/signing/certify.hpp>

#include <isotrace/certificates/artifacts.hpp>
#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/dsse.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/signing/write_statement.hpp>

namespace isotrace::signing {
namespace {

using namespace certificates;
using core::Done;
using core::RefusalCode;
using core::Result;

tl::unexpected<core::Refusal> inconsistent(std::string where, std::string detail) {
  return core::refuse(RefusalCode::evidence_inconsistent, std::move(where), std::move(detail));
}

std::string differ(const core::Digest& one, const core::Digest& other) {
  return one.hex() + " and " + other.hex();
}

/// All artifacts must follow the same semantics; the first one sets it.
Result<Done> join_semantics(std::string& semantics, const std::string& found, const char* where) {
  if (semantics.empty()) semantics = found;
  if (semantics != found) return inconsistent(where, "semantics " + semantics + " and " + found);
  return Done{};
}

PropertyReference property_reference(std::string_view text) {
  return {std::string(property_language), core::sha256(core::as_bytes(text)), shown_text(text)};
}

Result<Done> fill_proof_claim(const CertifyInput& input, const ClaimInput& from,
                              Statement& statement, Claim& claim) {
  ISOTRACE_TRY(const ProofFacts proof, read_proof_facts(*from.proof));
  if (proof.model != input.identity) {
    return inconsistent("proof", "it is about another program than the model: " +
                                     differ(proof.model.program, input.identity.program));
  }
  if (from.property && core::as_text(*from.property) != proof.property_text) {
    return inconsistent("proof", "it is about another property: " +
                                     differ(proof.property, core::sha256(*from.property)));
  }
  if (proof.verdict.kind == core::Verdict::Kind::rejected) {
    return inconsistent("proof", "the checker rejects it: " + proof.verdict.reason);
  }
  if (!proof.counterexample && !proof.verdict.accepted()) {
    return inconsistent("proof", "the checker cannot decide: " + proof.verdict.reason);
  }
  ISOTRACE_TRY_DONE(join_semantics(statement.semantics, proof.semantics, "proof"));
  claim.method = proof.counterexample ? ClaimMethod::counterexample : ClaimMethod::proof;
  claim.result = result_of(proof, from.rerun);
  claim.level = proof.level;
  claim.property = property_reference(proof.property_text);
  claim.proof = proof.reference;
  claim.checker = NamedVersion{"isotrace-checker", input.toolchain.version};
  if (claim.result == ClaimResult::holds) claim.assurance = Assurance::proved;
  if (claim.result == ClaimResult::violated) claim.assurance = Assurance::reproduced;
  return Done{};
}

Result<Done> add_claims(const CertifyInput& input, Statement& statement) {
  for (const ClaimInput& from : input.claims) {
    Claim claim;
    claim.id = "property-" + std::to_string(statement.claims.size() + 1);
    if (from.proof) {
      ISOTRACE_TRY_DONE(fill_proof_claim(input, from, statement, claim));
    } else if (from.property) {
      claim.property = property_reference(core::as_text(*from.property));
    } else {
      return core::refuse(RefusalCode::evidence_missing, claim.id, "neither property nor proof");
    }
    statement.claims.push_back(std::move(claim));
  }
  return Done{};
}

Result<Done> add_trace(const CertifyInput& input, Statement& statement) {
  if (!input.trace) {
    if (input.replay)
      return core::refuse(RefusalCode::evidence_missing, "trace", "replay of what?");
    return Done{};
  }
  ISOTRACE_TRY(const TraceFacts trace, read_trace_facts(*input.trace));
  if (trace.program != input.identity.program) {
    return inconsistent("trace", "it is of another program than the model: " +
                                     differ(trace.program, input.identity.program));
  }
  ISOTRACE_TRY_DONE(join_semantics(statement.semantics, trace.semantics, "trace"));
  statement.trace = trace.reference;
  statement.inputs = trace.inputs;
  statement.backends.push_back(trace.backend);
  if (!input.replay) return Done{};

  statement.backends.push_back({"replayed", plain_text(input.replay->backend),
                                plain_text(input.replay->device),
                                plain_text(input.toolchain.name + " " + input.toolchain.version)});
  Claim claim;
  claim.id = "replay";
  claim.method = ClaimMethod::replay;
  claim.level = ClaimLevel::exact_order;
  claim.result = result_of(input.replay->verdict);
  if (claim.result != ClaimResult::unknown) {
    const std::uint64_t total = steps_of(trace.reference);
    claim.coverage = Coverage{input.replay->sample.value_or(total), total};
    claim.assurance = claim.coverage->checked < total ? Assurance::sampled : Assurance::reproduced;
  }
  statement.claims.push_back(std::move(claim));
  return Done{};
}

/// What a reader might take for granted although nobody claims it.
void add_non_claims(Statement& statement) {
  auto& sentences = statement.non_claims;
  sentences.emplace_back("The names and versions of backends, devices and tools are declared.");
  sentences.emplace_back("That the program is what the model file means rests on the importer.");
  if (!statement.trace) sentences.emplace_back("No run of the model is bound.");
  bool replay = false;
  bool property = false;
  bool real = false;
  bool sampled = false;
  for (const Claim& claim : statement.claims) {
    replay = replay || claim.method == ClaimMethod::replay;
    property = property || claim.property.has_value();
    real = real || claim.level == ClaimLevel::real;
    sampled = sampled || claim.assurance == Assurance::sampled;
  }
  if (sampled) sentences.emplace_back("Only a sample of the steps was executed again.");
  if (statement.trace && !replay) sentences.emplace_back("The trace was not executed again.");
  if (!property) sentences.emplace_back("No property of the model is claimed.");
  if (real) sentences.emplace_back("Level real speaks of real arithmetic, not of any execution.");
}

}  // namespace

Result<certificates::Statement> make_statement(const CertifyInput& input) {
  if (input.claims.empty() && !input.trace) {
    return core::refuse(RefusalCode::evidence_missing, "certificate", "neither claim nor trace");
  }
  Statement statement;
  statement.subject = plain_text(input.model_name);
  statement.model = {input.model_kind, core::sha256(input.model), input.model.size(),
                     input.identity};
  ISOTRACE_TRY_DONE(add_claims(input, statement));
  ISOTRACE_TRY_DONE(add_trace(input, statement));
  // A bare property names no semantics; what is asked is about this version's.
  if (statement.semantics.empty()) statement.semantics = core::semantics_id;
  statement.toolchain = input.toolchain;
  statement.challenge = input.challenge;
  statement.evidence = input.evidence;
  add_non_claims(statement);
  ISOTRACE_TRY_DONE(check_statement(statement));
  return statement;
}

core::Bytes sign_payload(core::ByteView payload, const SigningKey& key) {
  return write_bundle({key.public_key().keyid(), core::Bytes(payload.begin(), payload.end()),
                       key.sign(dsse_pae(payload_media_type, payload))});
}

Result<core::Bytes> make_certificate(const CertifyInput& input, const SigningKey& key) {
  ISOTRACE_TRY(const Statement statement, make_statement(input));
  const core::Bytes payload = write_statement(statement);
  core::Bytes certificate = sign_payload(payload, key);
  if (certificate.size() > core::limits::certificate_bytes_max) {
    return core::refuse(
        RefusalCode::limit_exceeded, "certificate",
        std::to_string(certificate.size()) + " bytes; certify fewer claims at once");
  }
  // What was written must be readable by the strict reader, or it would be useless to everyone.
  const auto bundle = parse_bundle(certificate);
  ISOTRACE_CHECK(bundle.has_value() && parse_statement(bundle->payload).has_value());
  return certificate;
}

}  // namespace isotrace::signing
