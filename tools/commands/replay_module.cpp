#include <isotrace/tools/commands/replay_module.hpp>

#include <chrono>
#include <thread>

#include <isotrace/executor/replay_tensors.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/wasm/record/replay.hpp>

namespace isotrace::tools {
namespace {

core::Result<wasm::ReplayOptions> load_options(const Arguments& arguments) {
  wasm::ReplayOptions options;
  ISOTRACE_TRY(options.from, load_count(arguments, "--from", 0));
  ISOTRACE_TRY(options.to, load_count(arguments, "--to", UINT64_MAX));
  options.threads = std::max(std::thread::hardware_concurrency(), 1U);
  if (arguments.has("--jobs")) {
    ISOTRACE_TRY(options.threads, load_jobs(arguments));
  }
  return options;
}

Json divergence_json(const std::optional<wasm::StateDivergence>& divergence) {
  if (!divergence) return nullptr;
  return {{"checkpoint", divergence->checkpoint},
          {"step", divergence->steps},
          {"parts", divergence->parts}};
}

core::Result<core::Verdict> judge_tensors(const Arguments& arguments, const trace::Trace& trace,
                                          const wasm::RunRequest& request) {
  ISOTRACE_TRY(const auto backend,
               load_backend(arguments, arguments.has("--backend") ? "" : "cpu"));
  ISOTRACE_TRY(const executor::ExecuteLimits limits, load_limits(arguments));
  return executor::replay_tensors(trace, request, load_engine(arguments), *backend, limits);
}

}  // namespace

int replay_module(const Context& context, const Arguments& arguments, const trace::Trace& trace) {
  if (const std::string problem = find_foreign_option(arguments, "replay", {"--input", "--weights"},
                                                      "traces of WebAssembly runs");
      !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(context, const wasm::RunRequest request,
                     load_recorded(context, arguments, trace));
  ISOTRACE_OR_REPORT(context, const wasm::ReplayOptions options, load_options(arguments));
  const auto start = std::chrono::steady_clock::now();
  ISOTRACE_OR_REPORT(context, wasm::RunVerdict result,
                     wasm::replay_run(trace, request, load_engine(arguments), options));
  // Models inside the program need all that it did before.
  const bool whole = !arguments.has("--from") && !arguments.has("--to");
  if (whole && result.verdict.accepted()) {
    ISOTRACE_OR_REPORT(context, result.verdict, judge_tensors(arguments, trace, request));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (context.json) {
    Json object = {{"verdict", core::verdict_name(result.verdict.kind)},
                   {"root", trace.root.hex()},
                   {"steps", result.steps},
                   {"divergence", divergence_json(result.divergence)}};
    if (!result.verdict.reason.empty()) object["reason"] = result.verdict.reason;
    if (context.timings) object["seconds"] = seconds.count();
    context.print(object);
  } else {
    context.out << core::verdict_name(result.verdict.kind) << ": " << result.steps
                << " steps, root " << trace.root.hex() << "\n";
    if (!result.verdict.reason.empty()) context.out << "  " << result.verdict.reason << "\n";
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  return exit_code_of(result.verdict.kind);
}

}  // namespace isotrace::tools
