#include <isotrace/tools/cli/only_talking.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/reexecution.hpp>
#include <isotrace/tools/commands/subject.hpp>
#include <isotrace/tools/commands/verify_reports.hpp>
#include <isotrace/tools/verify/each_certificate.hpp>

namespace isotrace::tools {
namespace {

/// What the program in a model is. A model that cannot be imported has no identity; its digest
/// still decides. Where only memory is wanting, that is not known, and nothing is decided with
/// fewer checks.
core::Result<std::optional<certificates::ModelIdentity>> find_identity(const Context& context,
                                                                       const std::string& path,
                                                                       const EvidenceFiles& files) {
  const auto identity = identify_subject(context, path, files);
  if (identity) return *identity;
  if (identity.error().code == core::RefusalCode::limit_exceeded) {
    return tl::make_unexpected(identity.error());
  }
  return std::nullopt;
}

/// What is at hand, with what executing it again gives.
core::Result<certificates::Evidence> evidence_of(const Context& context, const Arguments& arguments,
                                                 const EvidenceFiles& files) {
  certificates::Evidence evidence = files.evidence();
  evidence.shared = arguments.has("--each");
  if (files.model) {
    ISOTRACE_TRY(evidence.identity, find_identity(context, arguments.value("--model"), files));
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
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     load_policy(context, arguments, arguments.value("--policy"), now));
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  ISOTRACE_OR_REPORT(context, const certificates::Evidence evidence,
                     evidence_of(context, arguments, files));
  certificates::PreparedEvidence prepared(evidence);
  if (evidence.shared) {
    ISOTRACE_OR_REPORT(context, const auto more, load_more_models(context, arguments));
    for (std::size_t i = 0; i < more.size(); ++i) {
      ISOTRACE_OR_REPORT(context, auto identity,
                         find_identity(context, arguments.values("--model")[i + 1], more[i]));
      prepared.add_model(*more[i].model, more[i].model_kind, std::move(identity));
    }
    return verify_each(context, arguments, policy, prepared, now);
  }
  ISOTRACE_OR_REPORT(context, const CertificateFiles certificate_files,
                     load_certificates(context, arguments));
  const certificates::VerifyReport judged =
      certificates::verify_certificates(certificate_files.inputs(), policy, prepared, now);
  const int code = print_report(context, judged);
  // A report that could not be written must not look like success; a failure keeps its own code.
  const auto written = write_reports(context, arguments, judged, now);
  if (written || code != exit_yes) return code;
  return report(only_talking(context), written.error());
}

}  // namespace isotrace::tools
