#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/reexecution.hpp>
#include <isotrace/tools/commands/subject.hpp>
#include <isotrace/tools/commands/verify_reports.hpp>

namespace isotrace::tools {
namespace {

/// What is at hand, with what executing it again gives.
core::Result<certificates::Evidence> evidence_of(const Context& context, const Arguments& arguments,
                                                 const EvidenceFiles& files) {
  certificates::Evidence evidence = files.evidence();
  if (files.model) {
    // A model that cannot be imported has no identity; its digest still decides. Where only memory
    // is wanting, that is not known, and nothing is decided with fewer checks.
    const auto identity = identify_subject(context, arguments.value("--model"), files);
    if (identity) {
      evidence.identity = *identity;
    } else if (identity.error().code == core::RefusalCode::limit_exceeded) {
      return tl::make_unexpected(identity.error());
    }
  }
  if (arguments.has("--replay")) {
    evidence.demanded.trace = true;
    const auto trace = trace::parse_trace(*files.trace);
    evidence.replay =
        trace ? replay_on_reference(*trace) : core::Verdict::reject(core::describe(trace.error()));
  }
  evidence.demanded.proof = arguments.has("--check-proof");
  return evidence;
}

}  // namespace

int verify_command(const Context& context, const Arguments& arguments) {
  if (arguments.has("--replay") && !arguments.has("--trace")) {
    return report_usage(context, "verify: --replay needs --trace");
  }
  if (const std::string misuse = find_certificate_misuse(arguments); !misuse.empty()) {
    return report_usage(context, "verify: " + misuse);
  }
  if (arguments.has("--sign-key") != (arguments.has("--svr") || arguments.has("--test-result"))) {
    return report_usage(context, "verify: --svr and --test-result are signed: give --sign-key");
  }
  ISOTRACE_OR_REPORT(context, const CertificateFiles certificate_files,
                     load_certificates(context, arguments));
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     load_policy(context, arguments, arguments.value("--policy"), now));
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  ISOTRACE_OR_REPORT(context, const certificates::Evidence evidence,
                     evidence_of(context, arguments, files));
  const certificates::VerifyReport judged =
      certificates::verify_certificates(certificate_files.inputs(), policy, evidence, now);
  const int code = print_report(context, judged);
  // A report that could not be written must not look like success; a failure keeps its own code.
  const auto written = write_reports(context, arguments, judged, now);
  if (written || code != exit_yes) return code;
  return report(context, written.error());
}

}  // namespace isotrace::tools
