// The outcome of `isotrace verify` in the forms that CI systems show. All are made from the one
// report and hold neither times nor anything of the machine; paths are those that were given.
#pragma once

#include <string>

#include <isotrace/certificates/report.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// One test case per check.
std::string verify_junit(const certificates::VerifyReport& report, const std::string& file);
/// SARIF 2.1.0: one result per failed check, and one if nothing was verified; none if it passed.
std::string verify_sarif(const certificates::VerifyReport& report, const std::string& file);
/// A table in Markdown for the summary of a CI step. Text from outside cannot become markup.
std::string verify_summary(const certificates::VerifyReport& report, const std::string& file);

/// Writes what --report, --junit, --sarif, --summary, --svr and --test-result ask for. Refuses
/// file_write_failed, and what loading --sign-key refuses.
core::Result<core::Done> write_reports(const Context& context, const Arguments& arguments,
                                       const certificates::VerifyReport& report,
                                       certificates::UnixSeconds now);

}  // namespace isotrace::tools
