#include <isotrace/tools/commands/compare_bounds.hpp>

#include <isotrace/executor/judge_traces.hpp>
#include <isotrace/tools/commands/bounds_report.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {

int compare_bounds(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const auto bounds, load_bounds(arguments));
  ISOTRACE_OR_REPORT(context, const trace::Trace a, load_trace(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const trace::Trace b, load_trace(context, arguments.operand(1)));
  ISOTRACE_OR_REPORT(context, const executor::EmbeddedRun run, load_run(context, arguments, a));
  ISOTRACE_OR_REPORT(context, const executor::ExecuteLimits limits, load_limits(arguments));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments, "cpu"));
  const auto maker = open_recorded_backend(arguments, b);
  BoundsReport steps(context, bounds, arguments.operand(1));
  ISOTRACE_OR_REPORT(context, const auto mismatch,
                     executor::judge_traces(
                         {a, b, run, maker ? maker->get() : nullptr}, *backend, bounds,
                         [&](const executor::StepJudgement& judged) {
                           steps.add(judged);
                           return core::Result<core::Done>(core::Done{});
                         },
                         limits));
  if (mismatch) steps.end_at(mismatch->step, mismatch->what);
  if (arguments.has("--junit")) {
    const std::string text = junit_text("isotrace.compare", steps.tests());
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto written,
                       context.write(arguments.value("--junit"), core::as_bytes(text)));
  }
  return steps.finish();
}

}  // namespace isotrace::tools
