// Certificates, policies and evidence as both programs read them. Links only the trusted base.
#pragma once

#include <string>
#include <vector>

#include <isotrace/certificates/signed_policy.hpp>
#include <isotrace/certificates/verify.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Bytes that an Evidence points into; keep it as long as the Evidence is used.
struct EvidenceFiles {
  std::optional<core::Bytes> model;  ///< the file, or the manifest made of the folder
  certificates::ModelKind model_kind = certificates::ModelKind::file;
  std::vector<core::Bytes> properties;
  std::vector<core::Bytes> proofs;
  std::optional<core::Bytes> trace;
  std::vector<core::Bytes> others;

  [[nodiscard]] certificates::Evidence evidence() const;
};

/// A model alone: a file or a folder.
core::Result<EvidenceFiles> load_model(const Context& context, const std::string& path);

/// The first --model, --property, --proof, --trace, and where `others` says so
/// --evidence; what is not given stays absent. Refuses what make_manifest and reading files refuse.
core::Result<EvidenceFiles> load_evidence(const Context& context, const Arguments& arguments,
                                          bool others = true);

/// Every --model but the first, for --each.
core::Result<std::vector<EvidenceFiles>> load_more_models(const Context& context,
                                                          const Arguments& arguments);

/// Certificates of one verification and what stands beside each.
struct CertificateFiles {
  std::vector<core::Bytes> certificates;
  std::vector<core::Bytes> log_proofs;  ///< none, or one for each certificate
  std::vector<core::Bytes> timestamps;  ///< likewise

  [[nodiscard]] std::vector<certificates::CertificateInput> inputs() const;
};
/// The operands with --log-proof and --timestamp. A file that is too large to be a certificate is
/// read all the same: that it is malformed is an answer of verification, with its own exit code.
core::Result<CertificateFiles> load_certificates(const Context& context,
                                                 const Arguments& arguments);
/// What is wrong with how these options go together; empty if nothing is.
std::string find_certificate_misuse(const Arguments& arguments);

/// A policy, signed or bare; with --anchor the pinned policy must vouch for it at `now`.
core::Result<certificates::Policy> load_policy(const Context& context, const Arguments& arguments,
                                               const std::string& path,
                                               certificates::UnixSeconds now);

/// "YYYY-MM-DD" (the last second of that day) or a full UTC time; refuses value_out_of_range.
core::Result<certificates::UnixSeconds> parse_date(const std::string& option,
                                                   const std::string& text);
/// --at, or the machine's clock.
core::Result<certificates::UnixSeconds> load_time(const Arguments& arguments);

/// Prints the report (JSON: the canonical digest report) and returns its exit code.
int print_report(const Context& context, const certificates::VerifyReport& report);

}  // namespace isotrace::tools
