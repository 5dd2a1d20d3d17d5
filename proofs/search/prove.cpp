#include <isotrace/proofs/search/prove.hpp>

#include <isotrace/core/float_environment.hpp>
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

}  // namespace

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
  const core::FloatEnvironment environment;
  ISOTRACE_TRY_DONE(core::check_program(program));
  ISOTRACE_TRY(const Property property, parse_vnnlib(property_text));
  auto network = search::lower_program(program, options.level);
  if (!network) return unsupported(std::move(network).error());
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

}  // namespace isotrace::proofs
