#include <isotrace/tools/cli/written_files.hpp>

#include <algorithm>
#include <array>
#include <filesystem>

namespace isotrace::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view written_options[] = {
    "--checkpoint", "--effects", "--events", "--html",    "--junit", "--out",
    "--report",     "--result",  "--sarif",  "--summary", "--svr",   "--test-result"};

bool is_written(const CommandSpec& command, std::string_view option) {
  // Elsewhere --trace is read, and pack's --policy is no report.
  if (option == "--trace") return command.name == "run" || command.name == "prove";
  return std::ranges::find(written_options, option) != std::end(written_options);
}

/// Of the options that write: files that are not written at once, from front to end.
bool needs_file(std::string_view option) {
  return option == "--trace" || option == "--effects" || option == "--checkpoint";
}

bool changes_files(const CommandSpec& command) {
  constexpr std::array<std::string_view, 3> names = {"bundle", "key", "policy"};
  return std::ranges::find(names, command.name) != names.end();
}

bool is_file_option(const OptionSpec& option) {
  return option.argument.ends_with("FILE") || option.argument == "PATH" ||
         option.argument == "TRACE";
}

/// FILE of NAME=FILE.
std::string file_in(const OptionSpec& option, const std::string& value) {
  const auto sign = value.find('=');
  const bool named = option.argument.find('=') != std::string_view::npos;
  return named && sign != std::string::npos ? value.substr(sign + 1) : value;
}

/// The path from the root, links of its folders followed as far as they are there.
fs::path absolute_path(const std::string& path) {
  std::error_code error;
  fs::path whole = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? fs::path(path).lexically_normal() : whole;
}

}  // namespace

bool same_file(const std::string& a, const std::string& b) {
  if (a == "-" || b == "-" || a.empty() || b.empty()) return false;
  std::error_code error;
  return absolute_path(a) == absolute_path(b) || fs::equivalent(a, b, error);
}

std::string find_clash(const CommandSpec& command, const Arguments& arguments) {
  std::string printed = arguments.has("--json") ? "--json" : "";
  for (const OptionSpec& target : command.options) {
    if (!is_written(command, target.name) || !arguments.has(target.name)) continue;
    const std::string path = arguments.value(target.name);
    if (path == "-" && is_file_option(target)) {
      if (!printed.empty()) {
        return printed + " and " + std::string(target.name) + " both go to standard output";
      }
      printed = target.name;
    }
    if (path == "-" && needs_file(target.name)) {
      return std::string(target.name) + " needs a file, which standard output is not";
    }
    const auto clash = [&](std::string_view other) {
      return std::string(target.name) + " would write over " + std::string(other) + ": " + path;
    };
    for (const OptionSpec& option : command.options) {
      if (option.name == target.name || !is_file_option(option)) continue;
      const bool read = !is_written(command, option.name);
      if (read && (changes_files(command) || option.name == "--input")) continue;
      for (const std::string& value : arguments.values(option.name)) {
        if (same_file(path, file_in(option, value))) return clash(option.name);
      }
    }
    if (changes_files(command)) continue;
    for (const std::string& operand : arguments.operands()) {
      if (same_file(path, operand)) return clash("what is read");
    }
  }
  return {};
}

}  // namespace isotrace::tools
