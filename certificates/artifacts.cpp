#include <isotrace/certificates/artifacts.hpp>

#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

ClaimLevel level_of(proofs::Level level) {
  switch (level) {
    case proofs::Level::exact_order: return ClaimLevel::exact_order;
    case proofs::Level::any_order: return ClaimLevel::any_order;
    case proofs::Level::real: return ClaimLevel::real;
  }
  return ClaimLevel::none;
}

StatementInputs inputs_of(const std::vector<trace::NamedRecord>& inputs) {
  std::vector<core::Digest> leaves;
  for (const trace::NamedRecord& input : inputs) {
    core::ByteWriter leaf;
    leaf.text(input.name).raw(input.tensor.digest.view());
    leaves.push_back(core::merkle_leaf(leaf.bytes()));
  }
  return {leaves.size(), core::merkle_root(leaves)};
}

}  // namespace

Result<TraceFacts> read_trace_facts(core::ByteView bytes) {
  ISOTRACE_TRY(const trace::Trace trace, trace::parse_trace(bytes));
  ISOTRACE_TRY_DONE(trace::check_not_foreign(trace.identity));
  if (!trace.program.empty() && !trace.identity.machine) {
    ISOTRACE_TRY(const core::Program program, core::parse_program(trace.program));
    if (core::program_digest(program) != trace.identity.program) {
      return core::refuse(core::RefusalCode::evidence_inconsistent, "trace",
                          "the embedded program is not the one that was traced");
    }
  }
  const std::vector<core::Digest> leaves = trace::trace_leaves(trace);
  TraceFacts facts;
  facts.reference = {core::sha256(bytes), trace::identity_digest(trace.identity), leaves.size(),
                     core::merkle_root(leaves)};
  if (facts.reference.root != trace.root) {
    return core::refuse(core::RefusalCode::evidence_inconsistent, "trace",
                        "the root is not that of the steps");
  }
  facts.inputs = inputs_of(trace.identity.inputs);
  facts.backend = {"recorded", plain_text(trace.provenance.backend),
                   plain_text(trace.provenance.device), plain_text(trace.provenance.tool)};
  facts.semantics = trace.identity.semantics;
  facts.program = trace.identity.program;
  if (trace.identity.machine && !trace.program.empty()) facts.module = core::sha256(trace.program);
  return facts;
}

Result<ProofFacts> read_proof_facts(core::ByteView bytes) {
  ISOTRACE_TRY(const proofs::Proof proof, proofs::parse_proof(bytes));
  ISOTRACE_TRY(proofs::CheckReport report, proofs::check_proof(proof));
  ISOTRACE_TRY(const core::Program program, core::parse_program(proof.program));
  ProofFacts facts;
  facts.reference = {std::string(proof_format), core::sha256(bytes), proofs::proof_digest(proof),
                     report.leaves};
  facts.property = core::sha256(core::as_bytes(proof.property_text));
  facts.property_text = proof.property_text;
  facts.semantics = proof.semantics;
  facts.model = model_identity(program);
  facts.counterexample = proof.outcome == proofs::Proof::Outcome::violated;
  facts.level = facts.counterexample ? ClaimLevel::exact_order : level_of(proof.level);
  facts.verdict = std::move(report.verdict);
  // The report must speak of the very program and property that are bound here.
  if (report.program != facts.model.program || report.property != facts.property) {
    return core::refuse(core::RefusalCode::evidence_inconsistent, "proof",
                        "the checker judged another program or property");
  }
  return facts;
}

ClaimResult result_of(const ProofFacts& proof, const std::optional<core::Verdict>& rerun) {
  if (!proof.counterexample) {
    return proof.verdict.accepted() ? ClaimResult::holds : ClaimResult::unknown;
  }
  const bool refuted = proof.verdict.kind == core::Verdict::Kind::rejected;
  return !refuted && rerun && rerun->accepted() ? ClaimResult::violated : ClaimResult::unknown;
}

ClaimResult result_of(const core::Verdict& replay) {
  switch (replay.kind) {
    case core::Verdict::Kind::accepted: return ClaimResult::holds;
    case core::Verdict::Kind::rejected: return ClaimResult::violated;
    case core::Verdict::Kind::undecided: return ClaimResult::unknown;
  }
  return ClaimResult::unknown;
}

}  // namespace isotrace::certificates
