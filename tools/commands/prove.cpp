#include <chrono>
#include <iomanip>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/cli/only_talking.hpp>
#include <isotrace/tools/commands/cache_folder.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/level.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/tools/commands/proof_files.hpp>
#include <isotrace/tools/commands/prove_module.hpp>
#include <isotrace/tools/commands/prove_results.hpp>
#include <isotrace/tools/commands/prove_stages.hpp>
#include <isotrace/tools/commands/prove_verdict.hpp>
#include <isotrace/tools/commands/questions.hpp>

namespace isotrace::tools {
namespace {

using Kind = proofs::ProveOutcome::Kind;
using Clock = std::chrono::steady_clock;

core::Result<std::uint64_t> load_count(const Arguments& arguments, const char* option) {
  const auto count = parse_count(arguments.value(option));
  if (count) return *count;
  return core::refuse(core::RefusalCode::text_not_number, option, arguments.value(option));
}

core::Result<std::chrono::seconds> load_seconds(const Arguments& arguments, const char* option) {
  ISOTRACE_TRY(const std::uint64_t seconds, load_count(arguments, option));
  // A year is forever; more would overflow the clock.
  return std::chrono::seconds(std::min<std::uint64_t>(seconds, 31'536'000));
}

/// " about 40 s left": what is left takes as long as its share of the boxes says.
std::string time_left(double explored, Clock::duration passed) {
  const std::chrono::duration<double> seconds = passed;
  const double left = seconds.count() * (1 - explored) / explored;
  return ", about " + std::to_string(static_cast<std::uint64_t>(std::min(left, 1e9)) + 1) +
         " s left";
}

/// --timeout, --jobs, --semantics, --lp-leaves, --search-memory, --plain-splits, --no-smt,
/// --dump-smt, --solver, --agree, --no-cache. Time is read here: the prover only asks whether it is
/// up.
core::Result<proofs::ProveOptions> load_options(const Arguments& arguments,
                                                Clock::time_point start) {
  ISOTRACE_TRY(const std::chrono::seconds timeout, load_seconds(arguments, "--timeout"));
  const auto deadline = start + timeout;
  ISOTRACE_TRY(const unsigned jobs, load_jobs(arguments));
  proofs::ProveOptions options;
  options.level = level_of(arguments.value("--semantics"));
  options.jobs = jobs;
  if (arguments.has("--plain-splits")) options.plain_boxes = proofs::ProveOptions::no_clips;
  options.solver = !arguments.has("--no-smt");
  options.out_of_time = [deadline] { return Clock::now() >= deadline; };
  if (arguments.has("--lp-leaves")) {
    ISOTRACE_TRY(options.program_neurons, load_count(arguments, "--lp-leaves"));
  }
  if (arguments.has("--dump-smt")) options.decide.dump_folder = arguments.value("--dump-smt");
  const std::string solver = arguments.value("--solver");
  if (solver == "z3") options.decide.engines = {smt::Engine::z3};
  if (solver == "cvc5") options.decide.engines = {smt::Engine::cvc5};
  options.decide.agree = arguments.has("--agree");
  if (!arguments.has("--no-cache")) options.decide.cache_folder = find_cache_folder();
  if (arguments.has("--search-memory")) {
    ISOTRACE_TRY(const std::uint64_t mebibytes, load_count(arguments, "--search-memory"));
    options.memory_max = std::min(mebibytes, std::uint64_t{1} << 40U) << 20U;
  }
  return options;
}

/// What a person at a terminal sees of a question that was begun at `began`.
void show_progress(const Context& context, Clock::time_point began, proofs::ProveOptions& options) {
  static constexpr std::chrono::milliseconds pause(500);
  // The first line as soon as there is an estimate.
  options.progress = [&context, began, last = began - pause](const auto& now) mutable {
    const auto time = Clock::now();
    if (time - last < pause || !(now.explored > 0)) return;
    last = time;
    context.err << "\rcase " << now.case_index + 1 << "/" << now.cases << ": " << now.boxes_done
                << " boxes done, " << now.boxes_open << " open, " << std::fixed
                << std::setprecision(2) << 100 * now.explored << " % explored"
                << time_left(now.explored, time - began) << "\033[K" << std::flush;
  };
}

/// --checkpoint, --checkpoint-every, --resume: the state of the search for one question.
core::Result<core::Done> keep_state(const Context& context, const Arguments& arguments,
                                    const std::string& path, proofs::ProveOptions& options) {
  ISOTRACE_TRY(const std::chrono::seconds period, load_seconds(arguments, "--checkpoint-every"));
  options.save_state = [&context, path](core::ByteView state) {
    return context.write(path, state);
  };
  options.wants_state = [period, last = Clock::now()]() mutable {
    if (Clock::now() - last < period) return false;
    last = Clock::now();
    return true;
  };
  if (!arguments.has("--resume")) return core::Done{};
  auto saved = context.read(path, core::limits::search_state_bytes_max);
  if (saved && saved->empty()) {
    return core::refuse(core::RefusalCode::search_state_malformed, path, "empty");
  }
  // Who was stopped before the first state was saved begins at the beginning.
  if (!saved && saved.error().code != core::RefusalCode::file_not_found) {
    return tl::make_unexpected(std::move(saved).error());
  }
  if (saved) options.resume_from = *std::move(saved);
  return core::Done{};
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
  if (is_vacuous(outcome.proof)) object["vacuous"] = true;
  return object;
}

void print_text(const Context& context, const proofs::ProveOutcome& outcome) {
  context.out << verdict_of(outcome.kind);
  if (outcome.kind == Kind::proved) {
    const bool real = outcome.proof.level == proofs::Level::real;
    context.out << (real ? " over the reals (" : " for the float32 execution (")
                << level_name(outcome.proof.level) << "), " << outcome.nodes << " boxes, proof "
                << proofs::proof_digest(outcome.proof).hex() << "\n";
    if (is_vacuous(outcome.proof)) context.out << "  " << vacuous_text << "\n";
  } else if (outcome.kind == Kind::violated) {
    context.out << ": counterexample confirmed on the reference\n"
                << counterexample_text(outcome.proof.counterexample);
  } else {
    context.out << " (" << proofs::undecided_reason_name(outcome.reason) << "): " << outcome.detail
                << "\n";
  }
}

/// The worst of all: violated, then undecided, then proved.
Kind worse_of(Kind a, Kind b) {
  if (a == Kind::violated || b == Kind::violated) return Kind::violated;
  return a == Kind::undecided || b == Kind::undecided ? Kind::undecided : Kind::proved;
}

/// What is wrong with the options beside each other, if anything.
std::string options_problem(const Arguments& arguments) {
  if (!asks_something(arguments)) return "needs --property, --ensure or --robust";
  const bool keeps = arguments.has("--checkpoint");
  if (!keeps && (arguments.has("--resume") || arguments.has("--checkpoint-every"))) {
    return "--resume and --checkpoint-every speak of the file that --checkpoint names";
  }
  const std::string solver = arguments.value("--solver");
  if (solver == "gates") return "--solver gates knows no real numbers, which models are made of";
  if (arguments.has("--agree") && solver != "all") return "--agree needs --solver all";
  return question_problem(arguments);
}

/// Nodes of a tree in the order of this executor where nobody asked for it.
constexpr std::uint64_t exact_order_nodes = 4096;

/// Of every order of summation, unless --semantics names a level. Where single inputs stay open so,
/// this executor's order may decide them; a search that has to be resumed is of one level.
core::Result<proofs::ProveOutcome> prove_at_best_level(const Arguments& arguments,
                                                       const AskedQuestion& question,
                                                       proofs::ProveOptions options) {
  auto first = proofs::prove(question.program, question.property, options);
  const bool is_open = first && !first->refusal && first->kind == Kind::undecided &&
                       (first->reason == proofs::UndecidedReason::precision ||
                        first->reason == proofs::UndecidedReason::unconfirmed_real);
  if (!is_open || arguments.has("--semantics") || arguments.has("--checkpoint")) return first;
  options.level = proofs::Level::exact_order;
  options.nodes_max = exact_order_nodes;
  auto second = proofs::prove(question.program, question.property, options);
  return second && second->kind == Kind::undecided ? first : second;
}

/// --out, --result, --trace: of one question of several.
core::Result<core::Done> write_answer(const Context& context, const Arguments& arguments,
                                      const AskedQuestion& question, std::size_t index,
                                      std::size_t count, const proofs::ProveOutcome& outcome) {
  const auto path = [&](const char* option) {
    return answer_path(arguments.value(option), index, count);
  };
  if (arguments.has("--trace") && outcome.kind == Kind::violated) {
    ISOTRACE_TRY_DONE(record_counterexample(context, path("--trace"), question.program,
                                            outcome.proof.counterexample));
  }
  if (arguments.has("--out") && outcome.kind != Kind::undecided) {
    ISOTRACE_TRY_DONE(context.write(path("--out"), proofs::write_proof(outcome.proof)));
  }
  if (!arguments.has("--result")) return core::Done{};
  return context.write(path("--result"), core::as_bytes(vnncomp_result(outcome)));
}

/// One question of several: proves it and writes what it came to.
core::Result<proofs::ProveOutcome> answer(const Context& context, const Arguments& arguments,
                                          const AskedQuestion& question, std::size_t index,
                                          std::size_t count, proofs::ProveOptions options) {
  if (context.progress) show_progress(context, Clock::now(), options);
  if (arguments.has("--checkpoint")) {
    ISOTRACE_TRY_DONE(keep_state(
        context, arguments, answer_path(arguments.value("--checkpoint"), index, count), options));
  }
  auto result = prove_at_best_level(arguments, question, std::move(options));
  if (context.progress) context.err << "\r\033[K";
  if (!result) return result;
  if (result->refusal) return tl::make_unexpected(*std::move(result->refusal));
  ISOTRACE_TRY_DONE(write_answer(context, arguments, question, index, count, *result));
  return result;
}

core::Result<std::vector<AskedQuestion>> load_model_questions(const Context& context,
                                                              const Arguments& arguments,
                                                              const executor::ModelBytes& model) {
  ISOTRACE_TRY(const core::Program program, load_program(context, arguments.operand(0), model, {}));
  return load_questions(context, arguments, program);
}

/// Reports the refusal. What --result names says so too: an answer of an earlier run must not be
/// taken for one to this.
int refuse_answer(const Context& context, const Arguments& arguments, std::size_t index,
                  std::size_t count, const core::Refusal& refusal) {
  const int code = report(context, refusal);
  if (!arguments.has("--result")) return code;
  const auto written = context.write(answer_path(arguments.value("--result"), index, count),
                                     core::as_bytes("error\n"));
  if (!written) report(only_talking(context), written.error());
  return code;
}

int prove_model(const Context& context, const Arguments& arguments,
                const executor::ModelBytes& model) {
  const auto start = Clock::now();
  const std::string foreign =
      find_foreign_option(arguments, "prove",
                          {"--func", "--never-traps", "--range", "--equivalent", "--compare",
                           "--post", "--assume", "--unwind", "--memory", "--edition"},
                          "a model");
  if (!foreign.empty()) return report_usage(context, foreign);
  if (const std::string problem = options_problem(arguments); !problem.empty()) {
    return report_usage(context, "prove: " + problem);
  }
  ISOTRACE_OR_REPORT(context, const proofs::ProveOptions options, load_options(arguments, start));
  const auto loaded = load_model_questions(context, arguments, model);
  if (!loaded) return refuse_answer(context, arguments, 0, 1, loaded.error());
  const std::vector<AskedQuestion>& questions = *loaded;
  if (const std::string problem = answers_problem(arguments, questions.size()); !problem.empty()) {
    return report_usage(context, "prove: " + problem);
  }
  Kind worst = Kind::proved;
  Json answers = Json::array();
  std::string events;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const AskedQuestion& question = questions[q];
    const auto began = Clock::now();
    StageLog log;
    proofs::ProveOptions own = options;
    log.attach(own, question.name);
    const auto result = answer(context, arguments, question, q, questions.size(), own);
    events += log.take_events();
    if (arguments.has("--events")) {
      // After every question: what is known stays known if the next one is refused.
      ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                         context.write(arguments.value("--events"), core::as_bytes(events)));
    }
    if (!result) return refuse_answer(context, arguments, q, questions.size(), result.error());
    const proofs::ProveOutcome& outcome = *result;
    worst = worse_of(worst, outcome.kind);
    const std::chrono::duration<double> seconds = Clock::now() - began;
    Json object = outcome_json(outcome);
    if (!question.name.empty()) object["property"] = question.name;
    if (context.timings) object["seconds"] = seconds.count();
    if (arguments.has("--explain")) object["stages"] = log.stages();
    answers.push_back(std::move(object));
    if (context.json) continue;
    if (!question.name.empty()) context.out << question.name << ": ";
    print_text(context, outcome);
    if (arguments.has("--explain")) context.out << log.text();
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  if (context.json) {
    context.print(answers.size() == 1
                      ? answers[0]
                      : Json{{"verdict", verdict_of(worst)}, {"properties", std::move(answers)}});
  }
  return exit_code_of_outcome(worst);
}

}  // namespace

int prove_command(const Context& context, const Arguments& arguments) {
  const auto program = open_program(context, arguments.operand(0));
  if (!program) return refuse_answer(context, arguments, 0, 1, program.error());
  ISOTRACE_OR_REPORT(context, const bool module, is_module(arguments.operand(0), **program));
  if (!module) return prove_model(context, arguments, **program);
  ISOTRACE_OR_REPORT(context, core::Bytes bytes, read_module(**program));
  return prove_module(context, arguments, std::move(bytes));
}

}  // namespace isotrace::tools
