// compare: two traces, a trace and a fresh run of its program, or two models (compare_models.cpp).
#include <isotrace/core/limits.hpp>
#include <isotrace/executor/memory_trace.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/compare_foreign.hpp>
#include <isotrace/tools/commands/compare_models.hpp>
#include <isotrace/tools/commands/compare_module.hpp>
#include <isotrace/tools/commands/compare_report.hpp>
#include <isotrace/tools/commands/extract_step.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/shell_words.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

using trace::Divergence;

/// Program and inputs of a trace, if it embeds them or they are given.
std::optional<executor::EmbeddedRun> find_run(const Context& context, const Arguments& arguments,
                                              const trace::Trace& trace) {
  auto run = load_run(context, arguments, trace);
  if (!run || core::program_digest(run->program) != trace.identity.program) return std::nullopt;
  return *std::move(run);
}

/// A fresh recording of A's program and inputs on another backend, as a trace. What differs from A
/// is stored in it.
core::Result<trace::Trace> run_again(const Context& context, const Arguments& arguments,
                                     const trace::Trace& a) {
  ISOTRACE_TRY(const executor::EmbeddedRun run, load_run(context, arguments, a));
  ISOTRACE_TRY(const auto backend, load_backend(arguments, arguments.value("--against")));
  ISOTRACE_TRY(const unsigned hash_threads, load_hash_threads(arguments));
  ISOTRACE_TRY(const executor::ExecuteLimits limits, load_limits(arguments));
  return executor::record_in_memory(run.program, run.inputs, *backend,
                                    {.path = {},
                                     .keep = executor::Keep::none,
                                     .embed_program = false,
                                     .seed = a.identity.seed,
                                     .tool = std::string(tool_name),
                                     .limits = limits,
                                     .hash_threads = hash_threads,
                                     .expected = &a});
}

Json verdict_json(const trace::Trace& a, const trace::Trace& b, Json divergence) {
  const bool same = divergence.is_null();
  return {{"verdict", same ? "identical" : "diverged"},
          {"root", same ? Json(a.root.hex()) : Json(nullptr)},
          {"rootA", a.root.hex()},
          {"rootB", b.root.hex()},
          {"steps", a.steps.size()},
          {"divergence", std::move(divergence)}};
}

void print_identical(const Context& context, const trace::Trace& a, const trace::Trace& b) {
  if (context.json) {
    context.print(verdict_json(a, b, nullptr));
  } else {
    context.out << "identical: " << a.steps.size() << " steps, root " << a.root.hex() << "\n";
  }
}

/// Judges the one step again: of the fresh run on its backend; of two traces that side which the
/// reference does not confirm. Empty where no single step is to blame.
std::string reproduce_line(const Arguments& arguments, const Divergence& divergence,
                           const executor::StepExplanation& explanation) {
  if (!explanation.a_node) return {};
  const bool against = arguments.has("--against");
  const bool blame_a = !against && explanation.b_canonical.value_or(false);
  const std::string step = std::to_string(divergence.step);
  std::vector<std::string> words = {
      "isotrace", "replay", arguments.operand(against || blame_a ? 0 : 1), "--from", step,
      "--to",     step};
  if (against) {
    words.insert(words.end(), {"--backend", arguments.value("--against")});
    for (const char* option : {"--isa", "--jobs"}) {
      if (arguments.has(option)) words.insert(words.end(), {option, arguments.value(option)});
    }
  }
  for (const char* option : {"--program", "--input", "--weights"}) {
    for (const std::string& value : arguments.values(option)) {
      words.insert(words.end(), {option, value});
    }
  }
  return shell_line(words);
}

core::Result<executor::StepExplanation> explain(const Context& context, const Arguments& arguments,
                                                const trace::Trace& a, const trace::Trace& b,
                                                const Divergence& divergence) {
  const auto run_a = find_run(context, arguments, a);
  const auto run_b = arguments.has("--against") ? run_a : find_run(context, arguments, b);
  const auto backend_a = load_backend(arguments, a.provenance.backend);
  const auto backend_b = load_backend(arguments, b.provenance.backend);
  ISOTRACE_TRY(const auto reference, load_backend(arguments, "reference"));
  return executor::explain_step(
      {a, run_a ? &*run_a : nullptr, backend_a ? backend_a->get() : nullptr},
      {b, run_b ? &*run_b : nullptr, backend_b ? backend_b->get() : nullptr}, divergence,
      *reference);
}

int compare_traces(const Context& context, const Arguments& arguments, const trace::Trace& a,
                   const trace::Trace& b) {
  const auto divergence = trace::find_divergence(a, b);
  if (arguments.has("--junit")) {
    const std::string text = junit_text("compare", report_cases(a, b, divergence));
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                       context.write(arguments.value("--junit"), core::as_bytes(text)));
  }
  if (!divergence) {
    print_identical(context, a, b);
    return exit_yes;
  }
  ISOTRACE_OR_REPORT(context, const executor::StepExplanation explanation,
                     explain(context, arguments, a, b, *divergence));
  std::string reproduce = reproduce_line(arguments, *divergence, explanation);
  if (arguments.has("--extract")) {
    ISOTRACE_OR_REPORT(context, std::string line,
                       extract_step(context, arguments.value("--extract"), explanation));
    if (!line.empty()) reproduce = std::move(line);
  }
  const TraceReport report{a, b, *divergence, explanation, std::move(reproduce)};
  if (context.json) {
    context.print(verdict_json(a, b, report_json(report)));
  } else {
    context.out << "diverged: roots " << a.root.hex() << " and " << b.root.hex() << "\n"
                << report_text(report);
  }
  return exit_no;
}

}  // namespace

int compare_command(const Context& context, const Arguments& arguments) {
  const bool against = arguments.has("--against");
  if (arguments.value("--against") == "ort") return compare_foreign(context, arguments);
  if (arguments.has("--bounds")) {
    return report_usage(context, "compare: --bounds needs --against ort: other backends are exact");
  }
  if (against == (arguments.operands().size() == 2)) {
    return report_usage(context, "compare: give two traces or models, or a trace and --against");
  }
  const std::string& path_a = arguments.operand(0);
  ISOTRACE_OR_REPORT(context, const core::Bytes bytes,
                     context.read(path_a, core::limits::trace_bytes_max));
  if (!against && !trace::looks_like_trace(bytes))
    return compare_model_files(context, arguments, bytes);
  auto a = trace::parse_trace(bytes);
  if (!a) return report(context, core::refuse_within(path_a, std::move(a).error()).value());
  ISOTRACE_OR_REPORT(
      context, const trace::Trace b,
      against ? run_again(context, arguments, *a) : load_trace(context, arguments.operand(1)));
  if (a->identity.machine && b.identity.machine) return compare_modules(context, arguments, *a, b);
  return compare_traces(context, arguments, *a, b);
}

}  // namespace isotrace::tools
