// `verify --each`: many certificates in one run, each judged by itself. Links only the trusted
// base.
#pragma once

#include <isotrace/certificates/verify.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Verifies every operand, or every file of an operand that is a folder, and prints a line for each
/// (with --json, and into --report, one object). Evidence that no certificate binds counts as a
/// digest mismatch, a file that cannot be read as nothing verified, and so does no file at all.
/// Returns the largest of the exit codes.
int verify_each(const Context& context, const Arguments& arguments,
                const certificates::Policy& policy, const certificates::PreparedEvidence& evidence,
                certificates::UnixSeconds now);

}  // namespace isotrace::tools
