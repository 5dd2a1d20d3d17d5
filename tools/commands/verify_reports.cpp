#include <isotrace/tools/commands/verify_reports.hpp>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/signing/certify.hpp>
#include <isotrace/signing/companions.hpp>
#include <isotrace/tools/commands/junit.hpp>
#include <isotrace/tools/commands/keys.hpp>

namespace isotrace::tools {
namespace {

using certificates::Check;
using certificates::CheckStatus;
using certificates::Outcome;
using certificates::VerifyReport;

/// "CERT13": stable names of rules, one for each exit code.
std::string rule_of(Outcome outcome) {
  return "CERT" + std::to_string(static_cast<unsigned>(outcome));
}

std::string describe_check(const Check& check) {
  std::string text = check.id + ": " + check.detail;
  if (!check.expected.empty()) text += " (expected " + check.expected;
  if (!check.actual.empty()) text += ", found " + check.actual;
  return text + (check.expected.empty() ? "" : ")");
}

Json sarif_result(Outcome outcome, const std::string& text, const VerifyReport& report,
                  const std::string& file) {
  Json location;
  location["physicalLocation"]["artifactLocation"]["uri"] = file;
  location["physicalLocation"]["region"]["startLine"] = 1;
  Json result;
  result["ruleId"] = rule_of(outcome);
  result["level"] = "error";
  result["message"]["text"] = text;
  result["locations"] = Json::array({location});
  result["partialFingerprints"]["certificate/v1"] = report.certificate_id().hex() + ":" + text;
  return result;
}

/// Letters that mean something in Markdown or HTML become entities.
std::string as_markdown(const std::string& text) {
  constexpr std::string_view special = "\\`*_{}[]()<>#+-.!|&~$@:";
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) {
      out += "&#" + std::to_string(static_cast<int>(c)) + ";";
    } else {
      out += c >= 0x20 && c <= 0x7e ? c : '?';
    }
  }
  return out;
}

core::Result<core::Done> write_option(const Context& context, const Arguments& arguments,
                                      const std::string& option, const std::string& text) {
  if (!arguments.has(option)) return core::Done{};
  return context.write(arguments.value(option), core::as_bytes(text));
}

/// Statements about the verification, signed by who verified.
core::Result<core::Done> write_statements(const Context& context, const Arguments& arguments,
                                          const VerifyReport& report,
                                          certificates::UnixSeconds now) {
  if (!arguments.has("--sign-key")) return core::Done{};
  if (report.subject_sha256.empty()) return core::Done{};  // of nothing authentic nothing is said
  ISOTRACE_TRY(const signing::SigningKey key,
               load_signing_key(context, arguments, arguments.value("--sign-key")));
  if (arguments.has("--svr")) {
    ISOTRACE_TRY_DONE(context.write(arguments.value("--svr"),
                                    signing::sign_payload(signing::write_svr(report, now), key)));
  }
  if (arguments.has("--test-result")) {
    ISOTRACE_TRY_DONE(
        context.write(arguments.value("--test-result"),
                      signing::sign_payload(signing::write_test_result(report), key)));
  }
  return core::Done{};
}

}  // namespace

std::string verify_junit(const VerifyReport& report, const std::string& file) {
  std::vector<JunitCase> cases;
  for (const Check& check : report.checks) {
    JunitCase& one = cases.emplace_back(JunitCase{check.id, {}, {}});
    if (check.status == CheckStatus::failed) one.failure = describe_check(check);
    if (check.status == CheckStatus::skipped) one.skipped = check.detail;
  }
  // The last word is a case of its own: a list of good checks need not be a complete one.
  JunitCase& outcome = cases.emplace_back(JunitCase{"outcome", {}, {}});
  if (report.outcome != Outcome::passed) {
    outcome.failure = std::string(certificates::outcome_name(report.outcome));
  }
  return junit_text(file, cases);
}

std::string verify_sarif(const VerifyReport& report, const std::string& file) {
  Json results = Json::array();
  for (const Check& check : report.checks) {
    if (check.status != CheckStatus::failed) continue;
    results.push_back(sarif_result(check.on_failure, describe_check(check), report, file));
  }
  if (report.outcome != Outcome::passed && results.empty()) {
    results.push_back(
        sarif_result(report.outcome, "not everything that must be was verified", report, file));
  }
  Json rules = Json::array();
  for (const Outcome outcome :
       {Outcome::malformed, Outcome::signature, Outcome::key, Outcome::digest, Outcome::policy,
        Outcome::failed, Outcome::inconclusive, Outcome::log, Outcome::nothing_verified}) {
    Json rule;
    rule["id"] = rule_of(outcome);
    rule["shortDescription"]["text"] = certificates::outcome_name(outcome);
    rules.push_back(std::move(rule));
  }
  Json run;
  run["tool"]["driver"] = {
      {"name", "isotrace"}, {"version", ISOTRACE_VERSION}, {"rules", std::move(rules)}};
  run["results"] = std::move(results);
  Json sarif;
  sarif["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  sarif["version"] = "2.1.0";
  sarif["runs"] = Json::array({std::move(run)});
  return sarif.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string verify_summary(const VerifyReport& report, const std::string& file) {
  const bool passed = report.outcome == Outcome::passed;
  std::string out = "### Certificate " + as_markdown(file) + ": " +
                    as_markdown(std::string(certificates::outcome_name(report.outcome))) + "\n\n";
  if (!report.subject.empty()) {
    out += "Model " + as_markdown(report.subject) + ", sha256 " + report.subject_sha256 +
           ", verdict " + report.verdict + (passed ? "" : " as signed") + "\n\n";
  }
  if (!report.claims.empty()) {
    out += "| claim | result | by the signer | established here |\n|---|---|---|---|\n";
    for (const certificates::ClaimReport& claim : report.claims) {
      out += "| " + as_markdown(claim.id) + " | " + claim.result + " | " + claim.assurance + " | " +
             claim.established + " |\n";
    }
    out += "\n";
  }
  out += "| check | status | detail |\n|---|---|---|\n";
  for (const Check& check : report.checks) {
    const std::string_view status = check.status == CheckStatus::ok        ? "ok"
                                    : check.status == CheckStatus::skipped ? "skipped"
                                                                           : "FAILED";
    out += "| " + as_markdown(check.id) + " | " + std::string(status) + " | " +
           as_markdown(check.detail) + " |\n";
  }
  return out;
}

core::Result<core::Done> write_reports(const Context& context, const Arguments& arguments,
                                       const VerifyReport& report, certificates::UnixSeconds now) {
  const std::string& file = arguments.operand(0);
  ISOTRACE_TRY_DONE(
      write_option(context, arguments, "--report", certificates::write_report(report) + "\n"));
  ISOTRACE_TRY_DONE(write_option(context, arguments, "--junit", verify_junit(report, file)));
  ISOTRACE_TRY_DONE(write_option(context, arguments, "--sarif", verify_sarif(report, file)));
  ISOTRACE_TRY_DONE(write_option(context, arguments, "--summary", verify_summary(report, file)));
  return write_statements(context, arguments, report, now);
}

}  // namespace isotrace::tools
