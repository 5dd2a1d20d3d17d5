#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/function_proofs.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/level.hpp>
#include <isotrace/tools/commands/other_kind.hpp>
#include <isotrace/tools/commands/proof_files.hpp>
#include <isotrace/tools/commands/questions.hpp>
#include <isotrace/tools/commands/reexecution.hpp>

namespace isotrace::tools {
namespace {

using core::Verdict;
using proofs::Proof;

/// Whether the proof is about what the command line asks.
core::Result<Verdict> check_subjects(const Context& context, const Arguments& arguments,
                                     const proofs::CheckReport& checked) {
  if (!arguments.has("--model")) {
    if (!arguments.has("--property")) return Verdict::accept();
    ISOTRACE_TRY(const core::Bytes text,
                 context.read(arguments.value("--property"), core::limits::property_bytes_max));
    if (core::sha256(text) == checked.property) return Verdict::accept();
    return Verdict::reject("the proof is about another property than " +
                           arguments.value("--property"));
  }
  ISOTRACE_TRY(const core::Program program, load_program(context, arguments.value("--model")));
  if (!asks_something(arguments)) {
    if (core::program_digest(program) == checked.program) return Verdict::accept();
    return Verdict::reject("the proof is about another program than " + arguments.value("--model"));
  }
  ISOTRACE_TRY(const auto questions, load_questions(context, arguments, program));
  bool same_property = false;
  for (const AskedQuestion& question : questions) {
    if (core::sha256(core::as_bytes(question.property)) != checked.property) continue;
    same_property = true;
    if (core::program_digest(question.program) == checked.program) return Verdict::accept();
  }
  return Verdict::reject(same_property ? "the proof is about another program than asked"
                                       : "the proof is about another property than asked");
}

core::Result<Verdict> judge(const Context& context, const Arguments& arguments, const Proof& proof,
                            const proofs::CheckReport& checked) {
  ISOTRACE_TRY(Verdict subjects, check_subjects(context, arguments, checked));
  if (!subjects.accepted()) return subjects;
  const bool needs_execution =
      proof.outcome == Proof::Outcome::violated && checked.verdict.kind == Verdict::Kind::undecided;
  if (needs_execution) return rerun_counterexample(proof);
  return checked.verdict;
}

}  // namespace

namespace {

int check_model_proof(const Context& context, const Arguments& arguments, core::ByteView bytes) {
  std::string problem = question_problem(arguments);
  const bool named = arguments.has("--ensure") || arguments.has("--robust");
  if (problem.empty() && named && !arguments.has("--model")) {
    problem = "--ensure and --robust need --model";
  }
  if (!problem.empty()) return report_usage(context, "check: " + problem);
  const auto parsed = proofs::parse_proof(bytes);
  if (!parsed) {
    return report(context,
                  refuse_kind(arguments.operand(0), parsed.error(), bytes, "a proof").value());
  }
  const Proof& proof = *parsed;
  ISOTRACE_OR_REPORT(context, const proofs::CheckReport checked, proofs::check_proof(proof));
  ISOTRACE_OR_REPORT(context, const Verdict verdict, judge(context, arguments, proof, checked));
  const std::string claim = proof.outcome == Proof::Outcome::proved ? "proved" : "violated";
  if (context.json) {
    Json object = {{"verdict", core::verdict_name(verdict.kind)},
                   {"claim", claim},
                   {"level", level_name(proof.level)},
                   {"programDigest", checked.program.hex()},
                   {"propertyDigest", checked.property.hex()},
                   {"leaves", checked.leaves}};
    if (!verdict.reason.empty()) object["reason"] = verdict.reason;
    if (is_vacuous(proof)) object["vacuous"] = true;
    context.print(object);
  } else {
    context.out << core::verdict_name(verdict.kind) << ": " << claim << " ("
                << level_name(proof.level) << "), program " << checked.program.hex() << ", "
                << checked.leaves << " leaves\n";
    if (!verdict.reason.empty()) context.out << "  " << verdict.reason << "\n";
    if (is_vacuous(proof)) context.out << "  " << vacuous_text << "\n";
  }
  return exit_code_of(verdict.kind);
}

}  // namespace

int check_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const core::Bytes bytes,
                     context.read(arguments.operand(0), core::limits::proof_bytes_max));
  return proofs::is_function_proof(bytes) ? check_function_command(context, arguments, bytes)
                                          : check_model_proof(context, arguments, bytes);
}

}  // namespace isotrace::tools
