#include <isotrace/proofs/search/prove.hpp>

#include <new>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/proofs/search/blind_attack.hpp>
#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/prover.hpp>

namespace isotrace::proofs {
namespace {

ProveOutcome unsupported(core::Refusal refusal) {
  ProveOutcome outcome;
  outcome.reason = UndecidedReason::unsupported;
  outcome.detail = core::describe(refusal);
  outcome.refusal = std::move(refusal);
  return outcome;
}

/// What has no bounds can be executed: a counterexample needs no more.
ProveOutcome attack_only(const core::Program& program, const Property& property,
                         const std::string& property_text, const ProveOptions& options,
                         const core::Refusal& refusal) {
  auto found = search::attack_blindly(program, property, options);
  if (options.on_stage) {
    options.on_stage({"attack", std::nullopt, found ? "counterexample" : "nothing", {}, {}});
  }
  if (!found) return unsupported(refusal);
  ProveOutcome outcome;
  outcome.kind = ProveOutcome::Kind::violated;
  outcome.proof.outcome = Proof::Outcome::violated;
  outcome.proof.level = options.level;
  outcome.proof.semantics = core::semantics_id;
  outcome.proof.program = core::write_program(program);
  outcome.proof.property_text = property_text;
  outcome.proof.counterexample = *std::move(found);
  return outcome;
}

/// Whether every row says that some output is not above another: then a Softmax need not be
/// bounded.
bool compares_outputs(const Property& property) {
  for (const Case& unsafe : property.cases) {
    for (const LinearRow& row : unsafe.rows) {
      if (!row.input_terms.empty() || row.terms.size() != 2 || row.bound > 0) return false;
      if (abs(row.terms[0].coefficient) != 1) return false;
      if (row.terms[0].coefficient != -row.terms[1].coefficient) return false;
    }
  }
  return true;
}

core::Result<ProveOutcome> prove_within_memory(const core::Program& program,
                                               const std::string& property_text,
                                               const ProveOptions& options) {
  const core::FloatEnvironment environment;
  ISOTRACE_TRY_DONE(core::check_program(program));
  ISOTRACE_TRY(const Property property, parse_vnnlib(property_text));
  auto network = search::lower_program(program, options.level, compares_outputs(property));
  if (!network) return attack_only(program, property, property_text, options, network.error());
  if (property.inputs != network->inputs || property.outputs != network->output_neurons.size()) {
    return core::refuse(core::RefusalCode::property_mismatch, "property",
                        std::to_string(property.inputs) + " inputs and " +
                            std::to_string(property.outputs) + " outputs; the program has " +
                            std::to_string(network->inputs) + " and " +
                            std::to_string(network->output_neurons.size()));
  }
  ISOTRACE_TRY(search::Judge judge, search::Judge::make(program, property));
  return search::Prover(program, *network, property, property_text, options, std::move(judge))
      .run();
}

}  // namespace

smt::DecideOptions solvers_of_networks() {
  smt::DecideOptions options;
  options.engines = {smt::Engine::z3, smt::Engine::cvc5};
  options.head_start_milliseconds = 2'000;  // which of two models is found first is left to none
  options.limits.wall_milliseconds = 10'000;
  return options;
}

std::string_view undecided_reason_name(UndecidedReason reason) {
  switch (reason) {
    case UndecidedReason::timeout: return "timeout";
    case UndecidedReason::memory: return "memory";
    case UndecidedReason::precision: return "precision";
    case UndecidedReason::unsupported: return "unsupported";
    case UndecidedReason::unconfirmed_real: return "unconfirmed real counterexample";
  }
  return "precision";
}

core::Result<ProveOutcome> prove(const core::Program& program, const std::string& property_text,
                                 const ProveOptions& options) {
  try {
    return prove_within_memory(program, property_text, options);
  } catch (const std::bad_alloc&) {
    ProveOutcome outcome;
    outcome.reason = UndecidedReason::memory;
    outcome.detail = "the system gives no more memory";
    return outcome;
  }
}

}  // namespace isotrace::proofs
