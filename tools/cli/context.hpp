// What a command is given besides its arguments: streams, files, and whether it talks to a person.
#pragma once

#include <ostream>
#include <string>

#include <nlohmann/json.hpp>

#include <isotrace/core/file.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/core/verdict.hpp>

namespace isotrace::tools {

/// JSON objects whose keys keep the order they were added in.
using Json = nlohmann::ordered_json;

inline constexpr std::string_view tool_name = "isotrace " ISOTRACE_VERSION;

/// design: 0 yes, 1 no, 2 usage, 3 refused input, 4 environment, 5 undecided.
enum ExitCode : int {
  exit_yes = 0,
  exit_no = 1,
  exit_usage = 2,
  exit_refused = 3,
  exit_environment = 4,
  exit_undecided = 5,
};

struct Context {
  std::ostream& out;  ///< data
  std::ostream& err;  ///< talk
  core::Files& files;
  bool json = false;
  bool progress = false;  ///< stderr is a terminal and nobody asked for silence
  bool timings = false;

  /// Reads a file, or standard input for "-".
  [[nodiscard]] core::Result<core::Bytes> read(const std::string& path,
                                               std::uint64_t bytes_max) const;
  /// Publishes a file atomically, or writes to standard output for "-".
  [[nodiscard]] core::Result<core::Done> write(const std::string& path, core::ByteView bytes) const;
  /// One JSON object and a newline.
  void print(const Json& object) const;
};

/// Prints the refusal (text to stderr; with --json also {"refusal": ...} to stdout); returns its
/// exit code.
int report(const Context& context, const core::Refusal& refusal);
/// A wrong call: prints why, with --json {"usage": {"problem"}} too; returns exit_usage.
int report_usage(const Context& context, const std::string& why);
/// {KIND: {"problem": ...}}: "usage", or "failure" of the program itself.
void print_problem(std::ostream& out, const char* kind, const std::string& problem);
int exit_code_of(const core::Refusal& refusal);
int exit_code_of(core::Verdict::Kind kind);

}  // namespace isotrace::tools

/// Inside a command: x = *expression, or report the refusal and return its exit code.
#define ISOTRACE_OR_REPORT(context, declaration, expression)               \
  auto ISOTRACE_CONCAT(result_at_, __LINE__) = (expression);               \
  if (!ISOTRACE_CONCAT(result_at_, __LINE__))                              \
    return report(context, ISOTRACE_CONCAT(result_at_, __LINE__).error()); \
  declaration = *std::move(ISOTRACE_CONCAT(result_at_, __LINE__))
