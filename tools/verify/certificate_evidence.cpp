#include <isotrace/tools/verify/certificate_evidence.hpp>

#include <ctime>

#include <isotrace/core/limits.hpp>

namespace isotrace::tools {
namespace {

using certificates::CheckStatus;

core::Result<std::optional<core::Bytes>> load_optional(const Context& context,
                                                       const Arguments& arguments,
                                                       std::string_view option,
                                                       std::uint64_t bytes_max) {
  if (!arguments.has(option)) return std::optional<core::Bytes>();
  ISOTRACE_TRY(core::Bytes bytes, context.read(arguments.value(option), bytes_max));
  return std::optional(std::move(bytes));
}

std::string_view status_name(CheckStatus status) {
  switch (status) {
    case CheckStatus::ok: return "ok";
    case CheckStatus::failed: return "FAILED";
    case CheckStatus::skipped: return "skipped";
  }
  return "FAILED";
}

}  // namespace

certificates::Evidence EvidenceFiles::evidence() const {
  certificates::Evidence out;
  if (model) out.model = *model;
  if (property) out.properties.emplace_back(*property);
  if (proof) out.proofs.emplace_back(*proof);
  if (trace) out.trace = *trace;
  return out;
}

core::Result<EvidenceFiles> load_evidence(const Context& context, const Arguments& arguments) {
  namespace limits = core::limits;
  EvidenceFiles files;
  ISOTRACE_TRY(files.model, load_optional(context, arguments, "--model", limits::model_bytes_max));
  ISOTRACE_TRY(files.property,
               load_optional(context, arguments, "--property", limits::property_bytes_max));
  ISOTRACE_TRY(files.proof, load_optional(context, arguments, "--proof", limits::proof_bytes_max));
  ISOTRACE_TRY(files.trace, load_optional(context, arguments, "--trace", limits::trace_bytes_max));
  return files;
}

core::Result<core::Bytes> load_certificate(const Context& context, const std::string& path) {
  return context.read(path, core::limits::property_bytes_max);
}

core::Result<certificates::Policy> load_policy(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::policy_bytes_max));
  auto policy = certificates::parse_policy(bytes);
  if (!policy) return core::refuse_within(path, std::move(policy).error());
  return policy;
}

core::Result<certificates::UnixSeconds> parse_date(const std::string& option,
                                                   const std::string& text) {
  const bool day_only = text.size() == 10;
  const auto time = certificates::parse_utc(day_only ? text + "T23:59:59Z" : text);
  if (!time) {
    return core::refuse(core::RefusalCode::value_out_of_range, option,
                        text + " is not a date YYYY-MM-DD");
  }
  return *time;
}

core::Result<certificates::UnixSeconds> load_time(const Arguments& arguments) {
  if (arguments.has("--at")) return parse_date("--at", arguments.value("--at"));
  return static_cast<certificates::UnixSeconds>(std::time(nullptr));
}

int print_report(const Context& context, const certificates::VerifyReport& report) {
  if (context.json) {
    context.out << certificates::write_report(report) << "\n";
    return static_cast<int>(report.outcome);
  }
  context.out << certificates::outcome_name(report.outcome);
  if (!report.subject.empty()) {
    context.out << ": " << report.subject << " sha256:" << report.subject_sha256 << ", verdict "
                << report.verdict;
  }
  context.out << "\n";
  for (const certificates::Check& check : report.checks) {
    context.out << "  " << status_name(check.status) << "  " << check.id;
    if (!check.detail.empty()) context.out << ": " << check.detail;
    if (check.status == CheckStatus::failed && !check.expected.empty()) {
      context.out << " (expected " << check.expected << ", found " << check.actual << ")";
    }
    context.out << "\n";
  }
  return static_cast<int>(report.outcome);
}

}  // namespace isotrace::tools
