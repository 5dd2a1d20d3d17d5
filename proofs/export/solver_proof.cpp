#include <isotrace/proofs/export/solver_proof.hpp>

#include <unistd.h>

#include <isotrace/core/check.hpp>

#include "child_process.hpp"
#include "fresh_folder.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

constexpr std::size_t proof_bytes_max = std::size_t{1} << 30U;

std::vector<std::string> arguments_for(const SolverProofOptions& options,
                                       const std::string& script) {
  std::vector<std::string> arguments = {options.cvc5, "--produce-proofs", "--dump-proofs",
                                        "--proof-format-mode=" + options.format,
                                        "--proof-granularity=theory-rewrite"};
  // As checkers of Alethe want it: no shared terms, and nothing rewritten before the proof begins.
  if (options.format == "alethe")
    arguments.insert(arguments.end(), {"--dag-thresh=0", "--simplification=none"});
  arguments.push_back(script);
  return arguments;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++found;
  return found;
}

/// Steps that stand for what the solver does not prove.
std::size_t unjustified(std::string_view format, std::string_view proof) {
  if (format == "lfsc") return count(proof, "(trust ");
  return count(proof, ":rule hole") + count(proof, ":rule trust");
}

Result<std::string> prove_script(const std::string& script, const SolverProofOptions& options,
                                 const std::string& folder) {
  const auto failed = [&](std::string detail) {
    return core::refuse(RefusalCode::solver_failed, "cvc5, " + options.format, std::move(detail));
  };
  const ChildLimits limits{options.seconds_max, std::uint64_t{8} << 30U, proof_bytes_max};
  ISOTRACE_TRY(const ChildOutcome outcome,
               run_child(arguments_for(options, script), folder, limits));
  if (outcome.timed_out) return failed("out of time");
  if (outcome.exit_status != 0)
    return failed("exit " + std::to_string(outcome.exit_status) + ": " +
                  outcome.output.substr(0, 300));
  if (outcome.output.size() == proof_bytes_max) return failed("the proof is longer than 1 GiB");
  constexpr std::string_view answer = "unsat\n";
  if (!outcome.output.starts_with(answer)) return failed(outcome.output.substr(0, 300));
  std::string proof = outcome.output.substr(answer.size());
  if (proof.find('(') == std::string::npos) return failed("it says unsat, without a proof");
  return "; Written by cvc5; steps that it does not justify: " +
         std::to_string(unjustified(options.format, proof)) + "\n" + proof;
}

}  // namespace

Result<Done> add_solver_proofs(Bundle& bundle, const SolverProofOptions& options) {
  if (access(options.cvc5.c_str(), X_OK) != 0)
    return core::refuse(RefusalCode::solver_absent, "cvc5", "install Debian's package cvc5");
  ISOTRACE_TRY(const std::unique_ptr<FreshFolder> folder,
               FreshFolder::make(options.work_directory));
  for (const Obligation& of : bundle.obligations) {
    const BundleFile* script = bundle.find(of.file);
    ISOTRACE_CHECK(script != nullptr);
    const std::string path = folder->path() + "/" + of.id + ".smt2";
    ISOTRACE_TRY_DONE(core::PosixFiles().write(path, script->bytes));
    auto proof = prove_script(path, options, folder->path());
    if (!proof) return core::refuse_within(of.id, std::move(proof).error());
    bundle.files.push_back(text_file("smtlib/" + of.id + "." + options.format, *proof));
  }
  bundle.files[0].bytes = write_bundle_manifest(bundle);
  return Done{};
}

}  // namespace isotrace::proofs
