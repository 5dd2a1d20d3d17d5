#include <isotrace/tools/commands/compare_foreign.hpp>

#include <cstdlib>

#include <isotrace/tools/commands/bounds_report.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/traces.hpp>
#include <isotrace/tools/foreign/onnx_runtime_steps.hpp>

namespace isotrace::tools {
namespace {

/// The folder node_modules: --ort, or the environment.
std::string modules_folder(const Arguments& arguments) {
  if (arguments.has("--ort")) return arguments.value("--ort");
  const char* folder = std::getenv("ISOTRACE_ORT");
  return folder == nullptr ? "" : folder;
}

}  // namespace

int compare_foreign(const Context& context, const Arguments& arguments) {
  if (arguments.operands().size() != 1) {
    return report_usage(context, "compare: give one trace with --against ort");
  }
  ISOTRACE_OR_REPORT(context, const auto bounds, load_bounds(arguments));
  ISOTRACE_OR_REPORT(context, const trace::Trace trace, load_trace(context, arguments.operand(0)));
  if (trace.identity.machine) {
    return report_usage(context,
                        "compare: --against ort does not apply to traces of WebAssembly runs");
  }
  ISOTRACE_OR_REPORT(context, const executor::EmbeddedRun run, executor::embedded_run(trace));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments, "cpu"));
  ISOTRACE_OR_REPORT(context, const auto engine,
                     OnnxRuntimeSteps::start(modules_folder(arguments)));
  BoundsReport steps(context, bounds, engine->name());
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                     executor::judge_steps(run.program, run.inputs, *backend, *engine, bounds,
                                           [&](const executor::StepJudgement& judged) {
                                             steps.add(judged);
                                             return core::Result<core::Done>(core::Done{});
                                           }));
  if (arguments.has("--junit")) {
    const std::string text = junit_text("isotrace.compare", steps.tests());
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto written,
                       context.write(arguments.value("--junit"), core::as_bytes(text)));
  }
  return steps.finish();
}

}  // namespace isotrace::tools
