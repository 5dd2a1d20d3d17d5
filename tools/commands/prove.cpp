#include <chrono>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/level.hpp>
#include <isotrace/tools/commands/proof_files.hpp>

namespace isotrace::tools {
namespace {

using Kind = proofs::ProveOutcome::Kind;
using Clock = std::chrono::steady_clock;

/// --timeout, --jobs, --semantics, --no-smt. Time is read here: the prover only asks whether it is
/// up.
core::Result<proofs::ProveOptions> load_options(const Context& context, const Arguments& arguments,
                                                Clock::time_point start) {
  const auto timeout = parse_count(arguments.value("--timeout"));
  if (!timeout) {
    return core::refuse(core::RefusalCode::text_not_number, "--timeout",
                        arguments.value("--timeout"));
  }
  // A year is forever; more would overflow the clock.
  const auto deadline = start + std::chrono::seconds(std::min<std::uint64_t>(*timeout, 31'536'000));
  ISOTRACE_TRY(const unsigned jobs, load_jobs(arguments));
  proofs::ProveOptions options;
  options.level = level_of(arguments.value("--semantics"));
  options.jobs = jobs;
  options.solver = !arguments.has("--no-smt");
  options.out_of_time = [deadline] { return Clock::now() >= deadline; };
  if (context.progress) {
    auto last = start;
    options.progress = [&context, last](const proofs::ProveProgress& now) mutable {
      if (Clock::now() - last < std::chrono::milliseconds(500)) return;
      last = Clock::now();
      context.err << "\rcase " << now.case_index + 1 << "/" << now.cases << ": " << now.boxes_done
                  << " boxes done, " << now.boxes_open << " open  " << std::flush;
    };
  }
  return options;
}

std::string_view verdict_of(Kind kind) {
  switch (kind) {
    case Kind::proved: return "proved";
    case Kind::violated: return "violated";
    case Kind::undecided: return "undecided";
  }
  return "undecided";
}

int exit_code_of_outcome(Kind kind) {
  if (kind == Kind::undecided) return exit_undecided;
  return kind == Kind::proved ? exit_yes : exit_no;
}

Json outcome_json(const proofs::ProveOutcome& outcome) {
  Json object = {{"verdict", verdict_of(outcome.kind)}, {"counterexample", nullptr}};
  if (outcome.kind == Kind::undecided) {
    object["reason"] = proofs::undecided_reason_name(outcome.reason);
    object["detail"] = outcome.detail;
    return object;
  }
  if (outcome.kind == Kind::violated)
    object["counterexample"] = counterexample_json(outcome.proof.counterexample);
  object["level"] = level_name(outcome.proof.level);
  object["proofDigest"] = proofs::proof_digest(outcome.proof).hex();
  object["nodes"] = outcome.nodes;
  return object;
}

void print_text(const Context& context, const proofs::ProveOutcome& outcome) {
  context.out << verdict_of(outcome.kind);
  if (outcome.kind == Kind::proved) {
    context.out << " for the float32 execution (" << level_name(outcome.proof.level) << "), "
                << outcome.nodes << " boxes, proof " << proofs::proof_digest(outcome.proof).hex()
                << "\n";
  } else if (outcome.kind == Kind::violated) {
    context.out << ": counterexample confirmed on the reference\n"
                << counterexample_text(outcome.proof.counterexample);
  } else {
    context.out << " (" << proofs::undecided_reason_name(outcome.reason) << "): " << outcome.detail
                << "\n";
  }
}

}  // namespace

int prove_command(const Context& context, const Arguments& arguments) {
  const auto start = Clock::now();
  ISOTRACE_OR_REPORT(context, const core::Program program,
                     load_program(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const core::Bytes property,
                     context.read(arguments.value("--property"), core::limits::property_bytes_max));
  ISOTRACE_OR_REPORT(context, const proofs::ProveOptions options,
                     load_options(context, arguments, start));
  auto result = proofs::prove(program, std::string(core::as_text(property)), options);
  if (context.progress) context.err << "\r\033[K";
  if (!result) return report(context, result.error());
  const proofs::ProveOutcome& outcome = *result;
  if (outcome.refusal) return report(context, *outcome.refusal);
  if (arguments.has("--out") && outcome.kind != Kind::undecided) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       context.write(arguments.value("--out"), proofs::write_proof(outcome.proof)));
  }
  const std::chrono::duration<double> seconds = Clock::now() - start;
  if (context.json) {
    Json object = outcome_json(outcome);
    if (context.timings) object["seconds"] = seconds.count();
    context.print(object);
  } else {
    print_text(context, outcome);
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  return exit_code_of_outcome(outcome.kind);
}

}  // namespace isotrace::tools
