#include <isotrace/tools/verify/certificate_evidence.hpp>

#include <ctime>
#include <filesystem>

#include <isotrace/certificates/manifest.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/tools/cli/printable.hpp>

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

core::Result<std::vector<core::Bytes>> load_each(const Context& context, const Arguments& arguments,
                                                 std::string_view option, std::uint64_t bytes_max) {
  std::vector<core::Bytes> files;
  for (const std::string& path : arguments.values(option)) {
    ISOTRACE_TRY(files.emplace_back(), context.read(path, bytes_max));
  }
  return files;
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
  out.model_kind = model_kind;
  out.properties.assign(properties.begin(), properties.end());
  out.proofs.assign(proofs.begin(), proofs.end());
  if (trace) out.trace = *trace;
  out.others.assign(others.begin(), others.end());
  return out;
}

core::Result<EvidenceFiles> load_model(const Context& context, const std::string& path) {
  EvidenceFiles files;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    files.model_kind = certificates::ModelKind::folder;
    ISOTRACE_TRY(files.model, certificates::make_manifest(path));
  } else {
    ISOTRACE_TRY(files.model, context.read(path, core::limits::model_bytes_max));
  }
  return files;
}

core::Result<EvidenceFiles> load_evidence(const Context& context, const Arguments& arguments,
                                          bool others) {
  namespace limits = core::limits;
  EvidenceFiles files;
  if (arguments.has("--model")) {
    ISOTRACE_TRY(files, load_model(context, arguments.value("--model")));
  }
  ISOTRACE_TRY(files.properties,
               load_each(context, arguments, "--property", limits::property_bytes_max));
  ISOTRACE_TRY(files.proofs, load_each(context, arguments, "--proof", limits::proof_bytes_max));
  ISOTRACE_TRY(files.trace, load_optional(context, arguments, "--trace", limits::trace_bytes_max));
  if (others) {
    ISOTRACE_TRY(files.others,
                 load_each(context, arguments, "--evidence", limits::archive_bytes_max));
  }
  return files;
}

core::Result<std::vector<EvidenceFiles>> load_more_models(const Context& context,
                                                          const Arguments& arguments) {
  std::vector<EvidenceFiles> models;
  const std::vector<std::string>& paths = arguments.values("--model");
  for (std::size_t i = 1; i < paths.size(); ++i) {
    ISOTRACE_TRY(models.emplace_back(), load_model(context, paths[i]));
  }
  return models;
}

std::vector<certificates::CertificateInput> CertificateFiles::inputs() const {
  std::vector<certificates::CertificateInput> out;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    certificates::CertificateInput& input = out.emplace_back();
    input.certificate = certificates[i];
    if (!log_proofs.empty()) input.log_proof = log_proofs[i];
    if (!timestamps.empty()) input.timestamp = timestamps[i];
  }
  return out;
}

std::string find_certificate_misuse(const Arguments& arguments) {
  if (arguments.has("--each")) {
    for (const std::string option : {"--log-proof", "--timestamp", "--junit", "--sarif",
                                     "--summary", "--svr", "--test-result"}) {
      if (arguments.has(option)) return option + " is about one statement, and --each about many";
    }
    return {};
  }
  if (arguments.values("--model").size() > 1) return "give several --model only with --each";
  for (const std::string option : {"--log-proof", "--timestamp"}) {
    const std::size_t given = arguments.values(option).size();
    if (given != 0 && given != arguments.operands().size()) {
      return "give " + option + " once for each certificate, in the same order";
    }
  }
  return {};
}

core::Result<CertificateFiles> load_certificates(const Context& context,
                                                 const Arguments& arguments) {
  constexpr std::uint64_t bytes_max = core::limits::property_bytes_max;
  CertificateFiles files;
  for (const std::string& path : arguments.operands()) {
    ISOTRACE_TRY(files.certificates.emplace_back(), context.read(path, bytes_max));
  }
  for (const std::string& path : arguments.values("--log-proof")) {
    ISOTRACE_TRY(files.log_proofs.emplace_back(), context.read(path, bytes_max));
  }
  for (const std::string& path : arguments.values("--timestamp")) {
    ISOTRACE_TRY(files.timestamps.emplace_back(), context.read(path, bytes_max));
  }
  return files;
}

core::Result<certificates::Policy> load_policy(const Context& context, const Arguments& arguments,
                                               const std::string& path,
                                               certificates::UnixSeconds now) {
  constexpr std::uint64_t bytes_max = 2 * core::limits::policy_bytes_max;  // base64 in an envelope
  std::optional<certificates::Policy> anchor;
  if (arguments.has("--anchor")) {
    const std::string anchor_path = arguments.value("--anchor");
    ISOTRACE_TRY(const core::Bytes bytes, context.read(anchor_path, bytes_max));
    auto opened = certificates::open_policy(bytes, nullptr, now);
    if (!opened) return core::refuse_within(anchor_path, std::move(opened).error());
    anchor = *std::move(opened);
  }
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, bytes_max));
  auto policy = certificates::open_policy(bytes, anchor ? &*anchor : nullptr, now);
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
    if (!check.detail.empty()) context.out << ": " << printable(check.detail);
    if (check.status == CheckStatus::failed && !check.expected.empty()) {
      context.out << " (expected " << printable(check.expected) << ", found "
                  << printable(check.actual) << ")";
    }
    context.out << "\n";
  }
  for (const certificates::ClaimReport& claim : report.claims) {
    context.out << "  claim " << claim.id << ": " << claim.result << ", " << claim.assurance
                << " by the signer, here " << claim.established << "\n";
  }
  for (const certificates::SignerReport& signer : report.signers) {
    if (signer.time) {
      context.out << "  signed before " << certificates::write_utc(*signer.time) << " by "
                  << signer.keyid.hex() << "\n";
    }
    if (signer.log) {
      context.out << "  entry " << signer.log->index << " of " << signer.log->size << " in log "
                  << signer.log->origin << "\n";
    }
  }
  return static_cast<int>(report.outcome);
}

}  // namespace isotrace::tools
