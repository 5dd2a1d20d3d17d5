#include <isotrace/tools/verify/certificate_evidence.hpp>
#include <isotrace/tools/verify/commands.hpp>
#include <isotrace/tools/verify/each_certificate.hpp>

namespace isotrace::tools {

int verify_one_certificate(const Context& context, const Arguments& arguments) {
  if (const std::string misuse = find_certificate_misuse(arguments); !misuse.empty()) {
    return report_usage(context, "certificate: " + misuse);
  }
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     load_policy(context, arguments, arguments.value("--policy"), now));
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  certificates::Evidence evidence = files.evidence();
  evidence.shared = arguments.has("--each");
  certificates::PreparedEvidence prepared(evidence);
  if (evidence.shared) {
    ISOTRACE_OR_REPORT(context, const auto more, load_more_models(context, arguments));
    for (const EvidenceFiles& one : more) prepared.add_model(*one.model, one.model_kind, {});
    return verify_each(context, arguments, policy, prepared, now);
  }
  ISOTRACE_OR_REPORT(context, const CertificateFiles certificate_files,
                     load_certificates(context, arguments));
  return print_report(context, certificates::verify_certificates(certificate_files.inputs(), policy,
                                                                 prepared, now));
}

}  // namespace isotrace::tools
