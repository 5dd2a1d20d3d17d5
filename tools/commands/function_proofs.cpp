#include <isotrace/tools/commands/function_proofs.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/verify/claim_words.hpp>

namespace isotrace::tools {

Json function_proof_json(const proofs::FunctionProof& proof, std::size_t bytes) {
  return {{"kind", "function proof"},
          {"claim", std::string(proofs::outcome_name(proof.outcome))},
          {"checked", false},
          {"function", proof.claim.function},
          {"property", claim_words(proof.claim)},
          {"unwind", proof.claim.unwind},
          {"moduleDigest", core::sha256(proof.claim.module).hex()},
          {"proofDigest", proofs::function_proof_digest(proof).hex()},
          {"clauseProofBytes", proof.lrat.size()},
          {"bytes", bytes}};
}

namespace {

/// Whether the proof is about the module that the command line names.
core::Result<core::Verdict> check_module(const Context& context, const Arguments& arguments,
                                         const proofs::FunctionProof& proof) {
  if (!arguments.has("--model")) return core::Verdict::accept();
  ISOTRACE_TRY(const core::Bytes module,
               context.read(arguments.value("--model"), core::limits::wasm_module_bytes_max));
  if (module == proof.claim.module) return core::Verdict::accept();
  return core::Verdict::reject("the proof is about another module than " +
                               arguments.value("--model"));
}

}  // namespace

int check_function_command(const Context& context, const Arguments& arguments,
                           core::ByteView bytes) {
  const std::string problem = find_foreign_option(
      arguments, "check", {"--property", "--ensure", "--domain", "--robust", "--eps", "--label"},
      "a proof about a WebAssembly function");
  if (!problem.empty()) return report_usage(context, problem);
  const auto proof = proofs::parse_function_proof(bytes);
  if (!proof) {
    return report(context, core::refuse_within(arguments.operand(0), proof.error()).value());
  }
  ISOTRACE_OR_REPORT(context, core::Verdict verdict, check_module(context, arguments, *proof));
  proofs::FunctionReport checked;
  if (verdict.accepted()) {
    ISOTRACE_OR_REPORT(context, checked, proofs::check_function_proof(*proof));
    verdict = checked.verdict;
  }
  const std::string claim(proofs::outcome_name(proof->outcome));
  if (context.json) {
    Json object = {{"verdict", core::verdict_name(verdict.kind)},
                   {"claim", claim},
                   {"property", claim_words(proof->claim)},
                   {"moduleDigest", core::sha256(proof->claim.module).hex()},
                   {"clauses", checked.clauses},
                   {"steps", checked.steps}};
    if (!verdict.reason.empty()) object["reason"] = verdict.reason;
    context.print(object);
  } else {
    context.out << core::verdict_name(verdict.kind) << ": " << claim << ": "
                << claim_words(proof->claim) << "; module "
                << core::sha256(proof->claim.module).hex() << "\n";
    if (!verdict.reason.empty()) context.out << "  " << verdict.reason << "\n";
  }
  return exit_code_of(verdict.kind);
}

}  // namespace isotrace::tools
