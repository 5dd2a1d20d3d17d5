#include <isotrace/tools/commands/explain_traces.hpp>

#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

/// What a trace was made on: of a fresh run, what the command line names.
core::Result<std::unique_ptr<backends::Backend>> backend_of(const Arguments& arguments,
                                                            const trace::Trace& trace, bool fresh) {
  return fresh ? load_backend(arguments, arguments.value("--against"))
               : open_recorded_backend(arguments, trace);
}

}  // namespace

std::optional<executor::EmbeddedRun> find_run(const Context& context, const Arguments& arguments,
                                              const trace::Trace& trace) {
  auto run = load_run(context, arguments, trace);
  if (!run || core::program_digest(run->program) != trace.identity.program) return std::nullopt;
  return *std::move(run);
}

core::Result<executor::StepExplanation> explain_traces(const Context& context,
                                                       const Arguments& arguments,
                                                       const trace::Trace& a, const trace::Trace& b,
                                                       const trace::Divergence& divergence) {
  const auto run_a = find_run(context, arguments, a);
  const auto run_b = arguments.has("--against") ? run_a : find_run(context, arguments, b);
  const auto backend_a = backend_of(arguments, a, false);
  const auto backend_b = backend_of(arguments, b, arguments.has("--against"));
  ISOTRACE_TRY(const auto reference, load_backend(arguments, "reference"));
  return executor::explain_step(
      {a, run_a ? &*run_a : nullptr, backend_a ? backend_a->get() : nullptr},
      {b, run_b ? &*run_b : nullptr, backend_b ? backend_b->get() : nullptr}, divergence,
      *reference);
}

}  // namespace isotrace::tools
