#include <isotrace/tools/commands/traces.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/other_kind.hpp>

namespace isotrace::tools {

core::Result<trace::Trace> load_trace(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::trace_bytes_max));
  auto trace = trace::parse_trace(bytes);
  if (!trace) return refuse_kind(path, std::move(trace).error(), bytes, "a trace");
  return trace;
}

core::Result<executor::EmbeddedRun> load_run(const Context& context, const Arguments& arguments,
                                             const trace::Trace& trace) {
  if (!arguments.has("--program")) return executor::embedded_run(trace);
  ISOTRACE_TRY(core::Program program,
               load_program(context, arguments.value("--program"), arguments.value("--weights")));
  ISOTRACE_TRY(auto inputs, load_inputs(context, arguments, program));
  return executor::EmbeddedRun{std::move(program), std::move(inputs)};
}

}  // namespace isotrace::tools
