#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/reexecution.hpp>
#include <isotrace/tools/verify/certificate_evidence.hpp>

namespace isotrace::tools {
int verify_command(const Context& context, const Arguments& arguments) {
  if (arguments.has("--replay") && !arguments.has("--trace")) {
    return report_usage(context, "verify: --replay needs --trace");
  }
  // A certificate over the limit is malformed like any other that cannot be one; one more byte
  // shows it.
  ISOTRACE_OR_REPORT(context, const core::Bytes certificate,
                     load_certificate(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     load_policy(context, arguments.value("--policy")));
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  certificates::Evidence evidence = files.evidence();
  if (files.model) {
    // A model that cannot be imported has no identity; its digest still decides.
    const auto folder = executor::ModelFolder::of_model(arguments.value("--model"));
    if (const auto program =
            executor::import_onnx(*files.model, {.folder = &folder, .weights = {}})) {
      evidence.identity = certificates::model_identity(*program);
    }
  }
  if (arguments.has("--replay")) {
    const auto trace = trace::parse_trace(*files.trace);
    evidence.replay =
        trace ? replay_on_reference(*trace) : core::Verdict::reject(core::describe(trace.error()));
  }
  return print_report(context,
                      certificates::verify_certificate(certificate, policy, evidence, now));
}

}  // namespace isotrace::tools
