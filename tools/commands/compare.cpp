// compare: two traces, a trace and a fresh run of its program, or two models (compare_models.cpp).
#include <algorithm>
#include <thread>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/compare_files.hpp>
#include <isotrace/executor/memory_trace.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/block_file.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/compare_bounds.hpp>
#include <isotrace/tools/commands/compare_foreign.hpp>
#include <isotrace/tools/commands/compare_models.hpp>
#include <isotrace/tools/commands/compare_module.hpp>
#include <isotrace/tools/commands/compare_report.hpp>
#include <isotrace/tools/commands/explain_traces.hpp>
#include <isotrace/tools/commands/extract_step.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/other_kind.hpp>
#include <isotrace/tools/commands/shell_words.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>
#include <isotrace/tools/commands/traces.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::tools {
namespace {

using executor::FileComparison;
using trace::Divergence;

/// Which backend did what in a fresh run; nothing to say of recorded ones.
struct Selection {
  Json json = nullptr;
  std::string text = {};
};

/// The second side of a comparison.
struct Side {
  trace::Trace trace;
  Selection selection = {};
};

core::Result<Side> load_side(const Context& context, const std::string& path) {
  ISOTRACE_TRY(trace::Trace trace, load_trace(context, path));
  return Side{std::move(trace)};
}

/// A fresh recording of A's program and inputs on another backend, as a trace. What differs from A
/// is stored in it.
core::Result<Side> run_again(const Context& context, const Arguments& arguments,
                             const trace::Trace& a) {
  ISOTRACE_TRY(const executor::EmbeddedRun run, load_run(context, arguments, a));
  ISOTRACE_TRY(const auto backend, load_backend(arguments, arguments.value("--against")));
  ISOTRACE_TRY(const unsigned hash_threads, load_hash_threads(arguments));
  ISOTRACE_TRY(const executor::ExecuteLimits limits, load_limits(arguments));
  ISOTRACE_TRY(trace::Trace again, executor::record_in_memory(run.program, run.inputs, *backend,
                                                              {.path = {},
                                                               .keep = executor::Keep::none,
                                                               .embed_program = false,
                                                               .seed = a.identity.seed,
                                                               .tool = std::string(tool_name),
                                                               .limits = limits,
                                                               .hash_threads = hash_threads,
                                                               .expected = &a}));
  return Side{std::move(again), {selection_json(*backend), selection_text(*backend)}};
}

/// Whose results are another engine's; nothing to say of runs of our own.
std::string engines_text(const trace::Trace& a, const trace::Trace& b,
                         const Divergence& divergence) {
  std::string text;
  for (const auto& [side, trace] : {std::pair{"a", &a}, std::pair{"b", &b}}) {
    if (!is_foreign(trace->identity)) continue;
    text +=
        std::string("  ") + side + " follows " + terminal_text(trace->identity.semantics) + "\n";
  }
  if (!text.empty() && divergence.kind == Divergence::Kind::semantics) {
    text += "  every step and output is equal\n";
  }
  return text;
}

Json verdict_json(const FileComparison& compared, const Selection& selection, Json divergence) {
  const bool same = divergence.is_null();
  const core::Digest& root = compared.a.trace.root;
  Json verdict = {{"verdict", same ? "identical" : "diverged"},
                  {"root", same ? Json(root.hex()) : Json(nullptr)},
                  {"rootA", root.hex()},
                  {"rootB", compared.b.trace.root.hex()},
                  {"steps", compared.a.steps},
                  {"semanticsA", compared.a.trace.identity.semantics},
                  {"semanticsB", compared.b.trace.identity.semantics},
                  {"divergence", std::move(divergence)}};
  if (!selection.json.is_null()) verdict["selection"] = selection.json;
  return verdict;
}

void print_identical(const Context& context, const FileComparison& compared,
                     const Selection& selection) {
  if (context.json) {
    context.print(verdict_json(compared, selection, nullptr));
  } else {
    context.out << "identical: " << compared.a.steps << " steps, root "
                << compared.a.trace.root.hex() << "\n"
                << selection.text;
  }
}

/// Writes the step for other programs: the engine that computed it is none of ours.
std::string extract_line(const Arguments& arguments) {
  std::vector<std::string> words = {"isotrace", "compare", arguments.operand(0)};
  if (arguments.has("--against")) {
    words.insert(words.end(), {"--against", arguments.value("--against")});
  } else {
    words.push_back(arguments.operand(1));
  }
  words.insert(words.end(), {"--extract", "step"});
  return shell_line(words);
}

/// Judges the one step again: of the fresh run on its backend; of two traces that side which the
/// reference does not confirm. Empty where no single step is to blame.
std::string reproduce_line(const Arguments& arguments, const trace::Trace& a, const trace::Trace& b,
                           const Divergence& divergence,
                           const executor::StepExplanation& explanation) {
  if (!explanation.a_node) return {};
  const bool against = arguments.has("--against");
  const bool blame_a = !against && explanation.b_canonical.value_or(false);
  if (is_foreign((against || blame_a ? a : b).identity)) return extract_line(arguments);
  const std::string step = std::to_string(divergence.step);
  std::vector<std::string> words = {
      "isotrace", "replay", arguments.operand(against || blame_a ? 0 : 1), "--from", step,
      "--to",     step};
  if (against) {
    words.insert(words.end(), {"--backend", arguments.value("--against")});
    if (arguments.has("--allow-fallback")) words.emplace_back("--allow-fallback");
    for (const char* option :
         {"--isa", "--jobs", "--plugin-timeout", "--plugin-memory", "--plugin-access"}) {
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

int report_traces(const Context& context, const Arguments& arguments,
                  const FileComparison& compared, const Selection& selection) {
  if (const std::string problem =
          find_foreign_option(arguments, "compare", {"--backend"}, "traces of models");
      !problem.empty()) {
    return report_usage(context, problem);
  }
  const trace::Trace& a = compared.a.trace;
  const trace::Trace& b = compared.b.trace;
  const auto& divergence = compared.divergence;
  if (arguments.has("--junit")) {
    const std::string text = junit_text("compare", report_cases(a, b, divergence));
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                       context.write(arguments.value("--junit"), core::as_bytes(text)));
  }
  if (!divergence) {
    print_identical(context, compared, selection);
    return exit_yes;
  }
  ISOTRACE_OR_REPORT(context, const executor::StepExplanation explanation,
                     explain_traces(context, arguments, a, b, *divergence));
  std::string reproduce = reproduce_line(arguments, a, b, *divergence, explanation);
  if (arguments.has("--extract")) {
    ISOTRACE_OR_REPORT(context, std::string line,
                       extract_step(context, arguments.value("--extract"), explanation));
    if (!line.empty()) reproduce = std::move(line);
  }
  const TraceReport report{*divergence, explanation, std::move(reproduce)};
  if (context.json) {
    context.print(verdict_json(compared, selection, report_json(report)));
  } else {
    context.out << "diverged: roots " << a.root.hex() << " and " << b.root.hex() << "\n"
                << engines_text(a, b, *divergence) << report_text(report) << selection.text;
  }
  return exit_no;
}

/// The two files as they are; nothing where they have to be read with every check.
std::optional<FileComparison> compare_as_files(const std::string& path_a,
                                               const std::string& path_b) {
  if (path_a == "-" || path_b == "-") return std::nullopt;  // standard input is read once
  const auto a = open_blocks(path_a, core::limits::trace_bytes_max);
  const auto b = open_blocks(path_b, core::limits::trace_bytes_max);
  if (!a || !b) return std::nullopt;
  // Reading is what takes the time: more threads than these wait for the memory.
  return executor::compare_files(*a, *b, std::clamp(std::thread::hardware_concurrency(), 1U, 8U));
}

int report_files(const Context& context, const Arguments& arguments,
                 const FileComparison& compared) {
  if (compared.a.trace.identity.machine) {
    if (const std::string problem = run_option_problem(arguments); !problem.empty()) {
      return report_usage(context, problem);
    }
    print_same_run(context, compared.a.steps, compared.a.trace.root);
    return exit_yes;
  }
  return report_traces(context, arguments, compared, {});
}

/// Options that say nothing here; empty if there are none.
std::string option_problem(const Arguments& arguments) {
  if (const std::string problem = backend_problem(arguments); !problem.empty()) return problem;
  const bool bounds = arguments.has("--bounds");
  const bool foreign = arguments.value("--against") == "ort";
  if (bounds && arguments.has("--against") && !foreign) {
    return "--bounds is for --against ort and for two traces: other backends are exact";
  }
  for (const char* option : {"--bounds-ftz", "--library-ulps"}) {
    if (arguments.has(option) && !bounds) return std::string(option) + " needs --bounds";
  }
  if (arguments.has("--ort") && !foreign) return "--ort needs --against ort";
  if (arguments.has("--extract") && (bounds || foreign)) {
    return "--extract is for exact comparisons";
  }
  return {};
}

}  // namespace

int compare_command(const Context& context, const Arguments& arguments) {
  const bool against = arguments.has("--against");
  if (const std::string problem = option_problem(arguments); !problem.empty()) {
    return report_usage(context, "compare: " + problem);
  }
  if (arguments.value("--against") == "ort") return compare_foreign(context, arguments);
  if (against == (arguments.operands().size() == 2)) {
    return report_usage(context, "compare: give two traces or models, or a trace and --against");
  }
  if (arguments.has("--bounds")) return compare_bounds(context, arguments);
  const std::string& path_a = arguments.operand(0);
  if (!against) {
    const auto compared = compare_as_files(path_a, arguments.operand(1));
    if (compared) return report_files(context, arguments, *compared);
  }
  ISOTRACE_OR_REPORT(context, const core::Bytes bytes,
                     context.read(path_a, core::limits::trace_bytes_max));
  if (!against && !trace::looks_like_trace(bytes))
    return compare_model_files(context, arguments, bytes);
  auto a = trace::parse_trace(bytes);
  if (!a) {
    return report(context, refuse_kind(path_a, std::move(a).error(), bytes, "a trace").value());
  }
  if (against && a->identity.machine) return compare_with_engine(context, arguments, *a);
  ISOTRACE_OR_REPORT(
      context, Side b,
      against ? run_again(context, arguments, *a) : load_side(context, arguments.operand(1)));
  if (a->identity.machine && b.trace.identity.machine) {
    return compare_modules(context, arguments, *a, b.trace);
  }
  auto divergence = trace::find_divergence(*a, b.trace);
  const std::uint64_t steps_a = trace::step_count(*a);
  const std::uint64_t steps_b = trace::step_count(b.trace);
  return report_traces(
      context, arguments,
      {{*std::move(a), steps_a}, {std::move(b.trace), steps_b}, std::move(divergence)},
      b.selection);
}

}  // namespace isotrace::tools
