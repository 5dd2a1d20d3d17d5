#include <isotrace/tools/verify/each_certificate.hpp>

#include <algorithm>
#include <filesystem>

#include <isotrace/core/limits.hpp>
#include <isotrace/tools/cli/only_talking.hpp>
#include <isotrace/tools/cli/printable.hpp>

namespace isotrace::tools {
namespace {

using certificates::Check;
using certificates::CheckStatus;
using certificates::Outcome;
using certificates::VerifyReport;

/// The operands, and instead of a folder its files in ascending order of their names.
core::Result<std::vector<std::string>> list_files(const Arguments& arguments) {
  std::vector<std::string> paths;
  for (const std::string& operand : arguments.operands()) {
    std::error_code error;
    if (!std::filesystem::is_directory(operand, error)) {
      paths.push_back(operand);
      continue;
    }
    const std::size_t first = paths.size();
    std::filesystem::directory_iterator entries(operand, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      paths.push_back(entries->path().string());
    }
    if (error) {
      return core::refuse(core::RefusalCode::file_read_failed, operand, error.message());
    }
    std::sort(paths.begin() + static_cast<long>(first), paths.end());
  }
  return paths;
}

/// The check that decided, with its reason; empty if all is good.
std::string reason_of(const VerifyReport& report) {
  if (report.outcome == Outcome::passed) return {};
  for (const CheckStatus status : {CheckStatus::failed, CheckStatus::skipped}) {
    const auto found = std::find_if(report.checks.begin(), report.checks.end(),
                                    [&](const Check& check) { return check.status == status; });
    if (found == report.checks.end()) continue;
    std::string reason = found->id + ": " + found->detail;
    if (!found->actual.empty()) {
      reason += " (expected " + found->expected + ", found " + found->actual + ")";
    }
    return reason;
  }
  return {};
}

/// What one run says, line by line or as one object.
class Listing {
 public:
  explicit Listing(const Context& context, bool keep) : context_(context), keep_(keep) {}

  void add(const std::string& path, const VerifyReport& report, const std::string& reason) {
    ++count_;
    if (report.outcome == Outcome::passed) ++passed_;
    raise(report.outcome);
    const std::string_view result = certificates::outcome_name(report.outcome);
    if (!context_.json) {
      context_.out << result << " " << printable(path);
      if (!report.subject.empty()) {
        context_.out << ": " << printable(report.subject) << " sha256:" << report.subject_sha256;
      }
      if (!reason.empty()) context_.out << ": " << printable(reason);
      context_.out << "\n";
    }
    if (!keep_) return;
    certificates_.push_back(
        {{"file", path},
         {"result", result},
         {"code", static_cast<int>(report.outcome)},
         {"certificate", report.certificate_id().hex()},
         {"subject", {{"name", report.subject}, {"sha256", report.subject_sha256}}},
         {"verdict", report.verdict},
         {"reason", reason}});
  }

  void add_unbound(const core::Digest& digest) {
    raise(Outcome::digest);
    unbound_.push_back(digest.hex());
    if (context_.json) return;
    context_.out << certificates::outcome_name(Outcome::digest)
                 << ": no certificate binds the evidence with digest " << digest.hex() << "\n";
  }

  [[nodiscard]] Json object(const core::Digest& policy_sha256) const {
    return {{"schema", "https://isotrace.dev/report/verify-each/v1"},
            {"result", certificates::outcome_name(outcome())},
            {"code", static_cast<int>(outcome())},
            {"policySha256", policy_sha256.hex()},
            {"counts", {{"certificates", count_}, {"passed", passed_}}},
            {"unbound", unbound_},
            {"certificates", certificates_}};
  }

  [[nodiscard]] std::string summary() const {
    return std::string(certificates::outcome_name(outcome())) + ": " + std::to_string(passed_) +
           " of " + std::to_string(count_) + " certificates passed\n";
  }

  /// Passed only if something was verified and everything was good.
  [[nodiscard]] Outcome outcome() const { return count_ == 0 ? Outcome::nothing_verified : worst_; }

 private:
  void raise(Outcome outcome) { worst_ = std::max(worst_, outcome); }

  const Context& context_;
  bool keep_;
  std::size_t count_ = 0;
  std::size_t passed_ = 0;
  Outcome worst_ = Outcome::passed;
  Json certificates_ = Json::array();
  Json unbound_ = Json::array();
};

}  // namespace

int verify_each(const Context& context, const Arguments& arguments,
                const certificates::Policy& policy, const certificates::PreparedEvidence& evidence,
                certificates::UnixSeconds now) {
  ISOTRACE_OR_REPORT(context, const auto paths, list_files(arguments));
  Listing listing(context, context.json || arguments.has("--report"));
  certificates::KnownNotes known_seals;
  for (const std::string& path : paths) {
    const auto bytes = context.read(path, core::limits::property_bytes_max);
    if (!bytes) {
      listing.add(path, {}, core::describe(bytes.error()));
      continue;
    }
    const VerifyReport judged =
        certificates::verify_certificate(*bytes, policy, evidence, now, &known_seals);
    listing.add(path, judged, reason_of(judged));
  }
  for (const core::Digest& digest : evidence.unbound()) listing.add_unbound(digest);

  const int code = static_cast<int>(listing.outcome());
  const Json object = listing.object(policy.sha256);
  if (context.json) {
    context.print(object);
  } else {
    context.out << listing.summary();
  }
  if (!arguments.has("--report")) return code;
  const std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto written = context.write(arguments.value("--report"), core::as_bytes(text));
  // A report that could not be written must not look like success; a failure keeps its own code.
  return written || code != exit_yes ? code : report(only_talking(context), written.error());
}

}  // namespace isotrace::tools
