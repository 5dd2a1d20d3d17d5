#include "network_subject.hpp"

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

/// The theorems about floats speak of every order of summation, and so must the tree.
Result<Done> check_order(const Proof& proof) {
  if (proof.level != Level::exact_order) return Done{};
  Proof of_any_order = proof;
  of_any_order.level = Level::any_order;
  ISOTRACE_TRY(const auto report, check_proof(of_any_order));
  if (report.verdict.accepted()) return Done{};
  return core::refuse(RefusalCode::export_unsupported, "proof",
                      "holds for this executor's order of summation, not for every order");
}

Result<Done> check_statable(const Proof& proof, const NetworkSubject& subject) {
  const Property& property = subject.property;
  if (property.inputs != subject.chain.inputs || property.outputs != subject.chain.outputs()) {
    return core::refuse(RefusalCode::property_mismatch, "property",
                        std::to_string(property.inputs) + " inputs and " +
                            std::to_string(property.outputs) + " outputs");
  }
  if (proof.cases.size() != property.cases.size())
    return core::refuse(RefusalCode::proof_malformed, "cases", std::to_string(proof.cases.size()));
  if (proof.cases.empty()) {
    return core::refuse(RefusalCode::export_unsupported, "property",
                        "no case: there is nothing to state");
  }
  for (const Case& of : property.cases) {
    for (const LinearRow& row : of.rows) {
      if (row.input_terms.empty()) continue;
      return core::refuse(RefusalCode::export_unsupported, "property",
                          "a constraint over inputs and outputs together");
    }
  }
  return Done{};
}

}  // namespace

Result<NetworkSubject> read_network_subject(const Proof& proof) {
  if (proof.outcome != Proof::Outcome::proved)
    return core::refuse(RefusalCode::export_unsupported, "proof", "the property is violated");
  if (proof.semantics != core::semantics_id)
    return core::refuse(RefusalCode::proof_semantics_unknown, "proof", proof.semantics);
  NetworkSubject subject;
  ISOTRACE_TRY(const core::Program program, core::parse_program(proof.program));
  subject.program = core::program_digest(program);
  subject.net_module = "Net_" + subject.program.hex().substr(0, 16);
  ISOTRACE_TRY(subject.property, parse_vnnlib(proof.property_text));
  ISOTRACE_TRY(subject.chain, make_affine_chain(program, proof.level == Level::real));
  ISOTRACE_TRY_DONE(check_statable(proof, subject));
  ISOTRACE_TRY_DONE(check_order(proof));
  return subject;
}

}  // namespace isotrace::proofs
