#include <isotrace/tools/commands/compare_foreign.hpp>

#include <isotrace/tools/commands/bounds_report.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/traces.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::tools {

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
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto own,
                     trace::check_not_foreign(trace.identity));
  ISOTRACE_OR_REPORT(context, const executor::EmbeddedRun run, executor::embedded_run(trace));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments, "cpu"));
  ISOTRACE_OR_REPORT(context, const auto engine, open_onnx_runtime(arguments));
  BoundsReport steps(context, bounds, engine->name());
  // What is judged is the reference's run: the trace must be of it.
  ISOTRACE_OR_REPORT(context, const auto replayed,
                     executor::replay(trace, run.program, run.inputs, *backend, {}));
  if (!replayed.verdict.accepted()) {
    const auto& divergence = replayed.divergence;
    steps.end_at(divergence ? divergence->step : 0,
                 "the trace is not canonical: " + replayed.verdict.reason);
    return steps.finish();
  }
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
