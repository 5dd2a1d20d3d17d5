#include <chrono>

#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/replay_module.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

core::Result<executor::ReplayOptions> load_window(const Arguments& arguments) {
  executor::ReplayOptions options;
  for (const std::string_view name : {"--from", "--to"}) {
    const std::string text = arguments.value(name);
    if (text.empty()) continue;
    const auto step = parse_count(text);
    if (!step) return core::refuse(core::RefusalCode::text_not_number, std::string(name), text);
    if (name == "--from") {
      options.from = *step;
    } else {
      options.to = *step;
    }
  }
  return options;
}

int replay_model(const Context& context, const Arguments& arguments, const trace::Trace& trace) {
  if (const std::string problem = find_foreign_option(
          arguments, "replay", {"--effects", "--effects-digest"}, "traces of models");
      !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(context, const executor::EmbeddedRun run, load_run(context, arguments, trace));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments));
  ISOTRACE_OR_REPORT(context, executor::ReplayOptions window, load_window(arguments));
  ISOTRACE_OR_REPORT(context, window.limits, load_limits(arguments));
  ISOTRACE_OR_REPORT(context, window.hash_threads, load_hash_threads(arguments));
  const auto start = std::chrono::steady_clock::now();
  ISOTRACE_OR_REPORT(context, const executor::ReplayResult result,
                     executor::replay(trace, run.program, run.inputs, *backend, window));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (context.json) {
    Json object = {{"verdict", core::verdict_name(result.verdict.kind)},
                   {"root", trace.root.hex()},
                   {"steps", result.steps},
                   {"divergence", nullptr}};
    if (result.divergence) object["divergence"] = divergence_json(*result.divergence, std::nullopt);
    if (!result.verdict.reason.empty()) object["reason"] = result.verdict.reason;
    if (Json selection = selection_json(*backend); !selection.is_null()) {
      object["selection"] = std::move(selection);
    }
    if (context.timings) object["seconds"] = seconds.count();
    context.print(object);
  } else {
    context.out << core::verdict_name(result.verdict.kind) << ": " << result.steps
                << " steps, root " << trace.root.hex() << "\n";
    if (!result.verdict.reason.empty()) context.out << "  " << result.verdict.reason << "\n";
    if (result.divergence) context.out << divergence_text(*result.divergence, std::nullopt);
    context.out << selection_text(*backend);
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  return exit_code_of(result.verdict.kind);
}

}  // namespace

int replay_command(const Context& context, const Arguments& arguments) {
  if (const std::string problem = backend_problem(arguments); !problem.empty()) {
    return report_usage(context, "replay: " + problem);
  }
  ISOTRACE_OR_REPORT(context, const trace::Trace trace, load_trace(context, arguments.operand(0)));
  if (trace.identity.machine && names_no_engine(arguments)) {
    return report_usage(context, "replay: reference and cpu execute WebAssembly, no other backend");
  }
  return trace.identity.machine ? replay_module(context, arguments, trace)
                                : replay_model(context, arguments, trace);
}

}  // namespace isotrace::tools
