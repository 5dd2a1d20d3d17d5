#include <chrono>

#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/level.hpp>
#include <isotrace/tools/commands/proof_files.hpp>
#include <isotrace/tools/commands/questions.hpp>

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
    const bool real = outcome.proof.level == proofs::Level::real;
    context.out << (real ? " over the reals (" : " for the float32 execution (")
                << level_name(outcome.proof.level) << "), " << outcome.nodes << " boxes, proof "
                << proofs::proof_digest(outcome.proof).hex() << "\n";
  } else if (outcome.kind == Kind::violated) {
    context.out << ": counterexample confirmed on the reference\n"
                << counterexample_text(outcome.proof.counterexample);
  } else {
    context.out << " (" << proofs::undecided_reason_name(outcome.reason) << "): " << outcome.detail
                << "\n";
  }
}

/// --out for the proof of one question of several: "safe.isoproof" becomes "safe.2.isoproof".
std::string out_path(const std::string& path, std::size_t index, std::size_t count) {
  if (count == 1 || path == "-") return path;
  const auto slash = path.rfind('/');
  auto dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) dot = path.size();
  return path.substr(0, dot) + "." + std::to_string(index + 1) + path.substr(dot);
}

/// The worst of all: violated, then undecided, then proved.
Kind worse_of(Kind a, Kind b) {
  if (a == Kind::violated || b == Kind::violated) return Kind::violated;
  return a == Kind::undecided || b == Kind::undecided ? Kind::undecided : Kind::proved;
}

}  // namespace

int prove_command(const Context& context, const Arguments& arguments) {
  const auto start = Clock::now();
  if (!asks_something(arguments)) {
    return report_usage(context, "prove: needs --property, --ensure or --robust");
  }
  if (const std::string problem = question_problem(arguments); !problem.empty()) {
    return report_usage(context, "prove: " + problem);
  }
  ISOTRACE_OR_REPORT(context, const core::Program program,
                     load_program(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const std::vector<AskedQuestion> questions,
                     load_questions(context, arguments, program));
  if (arguments.value("--out") == "-" && questions.size() > 1) {
    return report_usage(context, "prove: --out - holds the proof of one property");
  }
  ISOTRACE_OR_REPORT(context, const proofs::ProveOptions options,
                     load_options(context, arguments, start));
  Kind worst = Kind::proved;
  Json answers = Json::array();
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const AskedQuestion& question = questions[q];
    const auto began = Clock::now();
    auto result = proofs::prove(question.program, question.property, options);
    if (context.progress) context.err << "\r\033[K";
    if (!result) return report(context, result.error());
    const proofs::ProveOutcome& outcome = *result;
    if (outcome.refusal) return report(context, *outcome.refusal);
    if (arguments.has("--out") && outcome.kind != Kind::undecided) {
      ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                         context.write(out_path(arguments.value("--out"), q, questions.size()),
                                       proofs::write_proof(outcome.proof)));
    }
    worst = worse_of(worst, outcome.kind);
    const std::chrono::duration<double> seconds = Clock::now() - began;
    Json object = outcome_json(outcome);
    if (!question.name.empty()) object["property"] = question.name;
    if (context.timings) object["seconds"] = seconds.count();
    answers.push_back(std::move(object));
    if (context.json) continue;
    if (!question.name.empty()) context.out << question.name << ": ";
    print_text(context, outcome);
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  if (context.json) {
    context.print(answers.size() == 1
                      ? answers[0]
                      : Json{{"verdict", verdict_of(worst)}, {"properties", std::move(answers)}});
  }
  return exit_code_of_outcome(worst);
}

}  // namespace isotrace::tools
