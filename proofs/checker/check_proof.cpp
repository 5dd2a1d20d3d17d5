// What a proof claims, against what it shows.
#include <isotrace/proofs/checker/check_proof.hpp>

#include <algorithm>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/property.hpp>

#include "check_tree.hpp"
#include "lower_program.hpp"
#include "rounding.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using core::Verdict;

Result<Done> check_claim(const Proof& proof) {
  if (proof.semantics != core::semantics_id) {
    return core::refuse(RefusalCode::proof_semantics_unknown, "proof",
                        proof.semantics.substr(0, 64));
  }
  const bool level_known = proof.level == Level::exact_order || proof.level == Level::any_order ||
                           proof.level == Level::real;
  const bool outcome_known =
      proof.outcome == Proof::Outcome::proved || proof.outcome == Proof::Outcome::violated;
  if (!level_known || !outcome_known) {
    return core::refuse(RefusalCode::proof_malformed, "proof", "level or outcome");
  }
  return Done{};
}

Result<Done> check_sizes(const Property& property, const Network& network) {
  if (property.inputs == network.inputs && property.outputs == network.outputs()) return Done{};
  return core::refuse(RefusalCode::property_mismatch, "property",
                      std::to_string(property.inputs) + " inputs and " +
                          std::to_string(property.outputs) + " outputs, program has " +
                          std::to_string(network.inputs) + " and " +
                          std::to_string(network.outputs()));
}

/// The error model covers so many roundings only.
Result<Done> check_roundings(const Network& network) {
  for (const Layer& layer : network.layers) {
    if (layer.affine.roundings > roundings_max) {
      return core::refuse(RefusalCode::prove_unsupported, "program",
                          "a sum of " + std::to_string(layer.affine.roundings) + " terms");
    }
  }
  return Done{};
}

Result<Verdict> check_trees(const Proof& proof, const Property& property, const Network& network,
                            std::uint64_t& leaves) {
  ISOTRACE_TRY_DONE(check_roundings(network));
  if (proof.cases.size() != property.cases.size()) {
    return Verdict::reject(std::to_string(proof.cases.size()) + " trees for " +
                           std::to_string(property.cases.size()) + " cases");
  }
  const NodeBounder bounder(network, proof.level);
  std::optional<KnownBounds> root;
  NamedSlopes slopes;
  for (std::size_t i = 0; i < property.cases.size(); ++i) {
    const std::string place = "case " + std::to_string(i);
    auto verdict =
        check_tree(network, bounder, property.cases[i], proof.cases[i], root, slopes, leaves);
    if (!verdict) return core::refuse_within(place, std::move(verdict).error());
    if (!verdict->accepted()) {
      verdict->reason = place + ", " + verdict->reason;
      return verdict;
    }
  }
  return Verdict::accept();
}

/// The box and the rows are judged exactly; that the program gives these outputs is not, so any
/// program will do.
Verdict check_counterexample(const Counterexample& found, const Property& property) {
  if (found.inputs.size() != property.inputs || found.outputs.size() != property.outputs) {
    return Verdict::reject("counterexample: wrong number of values");
  }
  if (found.violated_case >= property.cases.size() ||
      !lies_in_case(property.cases[found.violated_case], found.inputs, found.outputs)) {
    return Verdict::reject("counterexample: does not lie in the case it names");
  }
  return Verdict::leave_undecided("outputs need re-execution");
}

}  // namespace

Result<CheckReport> check_proof(const Proof& proof) {
  ISOTRACE_TRY_DONE(check_claim(proof));
  auto program = core::parse_program(proof.program);
  if (!program) return core::refuse_within("program", std::move(program).error());
  auto property = parse_vnnlib(proof.property_text);
  if (!property) return core::refuse_within("property", std::move(property).error());
  CheckReport report;
  report.program = core::program_digest(*program);
  report.property = core::sha256(core::as_bytes(proof.property_text));
  if (proof.outcome == Proof::Outcome::violated) {
    report.verdict = check_counterexample(proof.counterexample, *property);
    return report;
  }
  // From here on every sum, product and quotient of this thread rounds downward.
  const DownwardRounding downward;
  ISOTRACE_TRY(const Network network, lower_program(*program, compares_outputs(*property)));
  ISOTRACE_TRY_DONE(check_sizes(*property, network));
  ISOTRACE_TRY(report.verdict, check_trees(proof, *property, network, report.leaves));
  return report;
}

}  // namespace isotrace::proofs
