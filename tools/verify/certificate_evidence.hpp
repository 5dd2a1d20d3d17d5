// Certificates, policies and evidence as both programs read them. Links only the trusted base.
#pragma once

#include <string>
#include <vector>

#include <isotrace/certificates/verify.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Bytes that an Evidence points into; keep it as long as the Evidence is used.
struct EvidenceFiles {
  std::optional<core::Bytes> model;
  std::optional<core::Bytes> property;
  std::optional<core::Bytes> proof;
  std::optional<core::Bytes> trace;

  [[nodiscard]] certificates::Evidence evidence() const;
};

/// --model, --property, --proof, --trace; options that are not given stay absent.
core::Result<EvidenceFiles> load_evidence(const Context& context, const Arguments& arguments);
/// A file that is too large to be a certificate is read all the same: that it is malformed is an
/// answer of verification, with its own exit code.
core::Result<core::Bytes> load_certificate(const Context& context, const std::string& path);
core::Result<certificates::Policy> load_policy(const Context& context, const std::string& path);

/// "YYYY-MM-DD" (the last second of that day) or a full UTC time; refuses value_out_of_range.
core::Result<certificates::UnixSeconds> parse_date(const std::string& option,
                                                   const std::string& text);
/// --at, or the machine's clock.
core::Result<certificates::UnixSeconds> load_time(const Arguments& arguments);

/// Prints the report (JSON: the canonical digest report) and returns its exit code.
int print_report(const Context& context, const certificates::VerifyReport& report);

}  // namespace isotrace::tools
