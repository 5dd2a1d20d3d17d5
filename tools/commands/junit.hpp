// Test reports in the XML form that CI systems read (JUnit's testsuite and testcase).
#pragma once

#include <optional>
#include <span>
#include <string>

namespace isotrace::tools {

struct JunitCase {
  std::string name;
  std::optional<std::string> failure;  ///< why it failed
  std::optional<std::string> skipped;  ///< why it could not be judged
};

/// One suite, without times: the same outcomes give the same text. Characters that XML cannot hold
/// are replaced by "?".
std::string junit_text(const std::string& suite, std::span<const JunitCase> cases);

}  // namespace isotrace::tools
