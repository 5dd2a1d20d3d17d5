#include <isotrace/tools/verify/certificate_evidence.hpp>
#include <isotrace/tools/verify/commands.hpp>

namespace isotrace::tools {

int verify_one_certificate(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const core::Bytes certificate,
                     load_certificate(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     load_policy(context, arguments.value("--policy")));
  ISOTRACE_OR_REPORT(context, const EvidenceFiles files, load_evidence(context, arguments));
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  return print_report(context,
                      certificates::verify_certificate(certificate, policy, files.evidence(), now));
}

}  // namespace isotrace::tools
