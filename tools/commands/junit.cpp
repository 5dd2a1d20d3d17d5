#include <isotrace/tools/commands/junit.hpp>

#include <algorithm>

namespace isotrace::tools {
namespace {

/// Text for an attribute in double quotes. Messages are ours or names from files: what is not
/// printable ASCII is replaced, which is valid in every encoding.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c >= 0x20 && c <= 0x7e ? c : '?';
    }
  }
  return out;
}

}  // namespace

std::string junit_text(const std::string& suite, std::span<const JunitCase> cases) {
  const auto count = [&](auto has) { return std::to_string(std::ranges::count_if(cases, has)); };
  const std::string failures = count([](const JunitCase& c) { return c.failure.has_value(); });
  const std::string skipped = count([](const JunitCase& c) { return c.skipped.has_value(); });
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"" +
      escaped(suite) + "\" tests=\"" + std::to_string(cases.size()) + "\" failures=\"" + failures +
      "\" errors=\"0\" skipped=\"" + skipped + "\">\n";
  for (const JunitCase& test : cases) {
    out += "    <testcase classname=\"" + escaped(suite) + "\" name=\"" + escaped(test.name) + "\"";
    if (!test.failure && !test.skipped) {
      out += "/>\n";
      continue;
    }
    out += test.failure ? ">\n      <failure message=\"" + escaped(*test.failure)
                        : ">\n      <skipped message=\"" + escaped(*test.skipped);
    out += "\"/>\n    </testcase>\n";
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace isotrace::tools
