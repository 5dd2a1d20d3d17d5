// serve: answers a referee's questions about one trace.
#include <algorithm>

#include <isotrace/referee/serve.hpp>
#include <isotrace/referee/trace_party.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/tools/commands/traces.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::tools {
namespace {

/// Program and inputs, which must be those that the trace names: a party that does not have them
/// could not answer.
core::Result<executor::EmbeddedRun> load_same_run(const Context& context,
                                                  const Arguments& arguments,
                                                  const trace::Trace& trace) {
  ISOTRACE_TRY(executor::EmbeddedRun run, load_run(context, arguments, trace));
  if (core::program_digest(run.program) != trace.identity.program) {
    return core::refuse(core::RefusalCode::trace_digest_mismatch, "trace", "program");
  }
  for (const trace::NamedRecord& record : trace.identity.inputs) {
    const auto given = std::ranges::find(run.inputs, record.name, &executor::NamedTensor::name);
    if (given == run.inputs.end() || core::tensor_digest(given->value) != record.tensor.digest) {
      return core::refuse(core::RefusalCode::trace_digest_mismatch, "trace",
                          "input " + record.name);
    }
  }
  return run;
}

core::Result<std::unique_ptr<referee::Party>> make_party(const Context& context,
                                                         const Arguments& arguments) {
  ISOTRACE_TRY(trace::Trace trace, load_trace(context, arguments.value("--trace")));
  ISOTRACE_TRY_DONE(trace::check_not_foreign(trace.identity));
  if (trace.identity.machine) {
    ISOTRACE_TRY(wasm::RunRequest request, load_recorded(context, arguments, trace));
    return referee::make_machine_party(std::move(trace), std::move(request),
                                       wasm::make_fastest_engine);
  }
  ISOTRACE_TRY(executor::EmbeddedRun run, load_same_run(context, arguments, trace));
  ISOTRACE_TRY(auto backend, backends::make_backend("reference", {}));
  return referee::make_tensor_party(std::move(trace), std::move(run), std::move(backend));
}

}  // namespace

int serve_command(const Context& context, const Arguments& arguments) {
  const std::string listen = arguments.has("--listen")
                                 ? arguments.value("--listen")
                                 : "unix:" + arguments.value("--trace") + ".sock";
  const auto address = referee::parse_address(listen);
  if (!address) {
    return report_usage(
        context, "serve: '" + listen + "' is no address: unix:PATH, tcp:PORT or tcp:HOST:PORT");
  }
  ISOTRACE_OR_REPORT(context, const auto party, make_party(context, arguments));
  const auto commitment = party->commit();
  const auto tell = [&](const referee::Address& where) {
    const std::string root = commitment ? commitment->root.hex() : "";
    if (context.json) {
      context.print({{"address", where.text()}, {"root", root}});
    } else {
      context.out << "root " << root << "\nlistening at " << where.text() << "\n";
    }
    context.out.flush();
  };
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     referee::serve(*party, *address, tell));
  return exit_yes;
}

}  // namespace isotrace::tools
