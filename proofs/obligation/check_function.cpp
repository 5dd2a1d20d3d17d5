#include <isotrace/bits/blast.hpp>
#include <isotrace/bits/lrat.hpp>
#include <isotrace/proofs/obligation/function_proof.hpp>

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Verdict;
using Outcome = FunctionProof::Outcome;

std::string range_text(const FunctionClaim& claim) {
  const auto number = [&](std::uint64_t bits) {
    return claim.is_signed ? std::to_string(static_cast<std::int64_t>(bits)) : std::to_string(bits);
  };
  return number(claim.low) + ".." + number(claim.high) +
         (claim.is_signed ? " (signed)" : " (unsigned)");
}

Result<Verdict> check_refutation(const FunctionProof& proof, FunctionReport& report) {
  ISOTRACE_TRY(const FunctionObligation made, make_obligation(proof.claim));
  ISOTRACE_TRY(const bits::Blasted blasted, bits::blast(made.pool, made.refuted));
  report.clauses = blasted.cnf.size();
  const bits::LratOutcome outcome = bits::check_lrat(blasted.cnf, proof.lrat);
  report.steps = outcome.clauses;
  return outcome.accepted ? Verdict::accept() : Verdict::reject(outcome.reason);
}

Result<Verdict> check_counterexample(const FunctionProof& proof) {
  const FunctionInputs& inputs = proof.inputs;
  ISOTRACE_TRY(const FunctionObligation made, make_obligation(proof.claim, inputs));
  // Bits above a type's width would give one counterexample two spellings.
  const bits::Assignment assignment = assignment_of(inputs);
  if (inputs_of(made.type, assignment) != inputs) {
    return Verdict::reject("an argument does not fit its type");
  }
  ISOTRACE_TRY(const bool holds, bits::holds(made.pool, made.violated, assignment));
  return holds ? Verdict::accept() : Verdict::reject("the arguments do not violate the property");
}

}  // namespace

std::string claim_text(const FunctionClaim& claim) {
  std::string text = claim.function;
  switch (claim.property) {
    case FunctionProperty::never_traps: text += " never traps"; break;
    case FunctionProperty::range: text += " returns " + range_text(claim); break;
    case FunctionProperty::equivalent:
    case FunctionProperty::effects: text += " is equivalent to " + claim.other; break;
    case FunctionProperty::post: text += " satisfies " + claim.other; break;
  }
  if (!claim.other_module.empty()) text += " of another module";
  if (claim.property == FunctionProperty::equivalent) text += " in its results";
  if (claim.property == FunctionProperty::effects) {
    text += " in results, memory and globals";
    if (leaves_out_bytes(claim)) {
      text += " but for bytes " + std::to_string(claim.low) + " to " +
              std::to_string(claim.high - 1) + " of memory";
    }
  }
  if (!claim.assume.empty()) text += ", assuming " + claim.assume;
  return text + (claim.memory == InitialMemory::arbitrary ? ", from any memory"
                                                          : ", from the memory as instantiated");
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::proved: return "proved";
    case Outcome::violated: return "violated";
    case Outcome::asserted: return "solver-asserted";
  }
  return "";
}

Result<FunctionReport> check_function_proof(const FunctionProof& proof) {
  FunctionReport report{.verdict = Verdict::accept(), .module = core::sha256(proof.claim.module)};
  switch (proof.outcome) {
    case Outcome::proved: {
      ISOTRACE_TRY(report.verdict, check_refutation(proof, report));
      break;
    }
    case Outcome::violated: {
      ISOTRACE_TRY(report.verdict, check_counterexample(proof));
      break;
    }
    case Outcome::asserted:
      report.verdict = Verdict::leave_undecided("a solver says so, and nothing shows it");
      break;
  }
  return report;
}

}  // namespace isotrace::proofs
