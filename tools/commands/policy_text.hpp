// Policies as commands publish and explain them.
#pragma once

#include <string>
#include <vector>

#include <isotrace/certificates/policy.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Who may sign what, and what verification demands, one sentence a line.
std::vector<std::string> explain_policy(const certificates::Policy& policy,
                                        certificates::UnixSeconds now);

/// Writes the policy file and prints its digest; returns the exit code.
int publish_policy(const Context& context, const certificates::Policy& policy,
                   const std::string& path);

}  // namespace isotrace::tools
