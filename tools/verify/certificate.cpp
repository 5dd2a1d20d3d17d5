#include <isotrace/tools/verify/certificate_evidence.hpp>
#include <isotrace/tools/verify/commands.hpp>

namespace isotrace::tools {

int verify_one_certificate(const Context& context, const Arguments& arguments) {
  if (const std::string misuse = find_certificate_misuse(arguments); !misuse.empty()) {
    return report_usage(context, "certificate: " + misuse);
  }
  ISOTRACE_OR_REPORT(context, const CertificateFiles certificate_files,
                     load_certificates(context, arguments));
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     load_policy(context, arguments, arguments.value("--policy"), now));
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  return print_report(context, certificates::verify_certificates(certificate_files.inputs(), policy,
                                                                 files.evidence(), now));
}

}  // namespace isotrace::tools
