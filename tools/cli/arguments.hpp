// Parsed command-line arguments, as CLI11 read them according to the command's table row.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/tools/cli/command.hpp>

namespace isotrace::tools {

struct ParsedArguments;

/// Values are checked against the table (arity, choices, required) before a command sees them.
class Arguments {
 public:
  [[nodiscard]] bool has(std::string_view option) const;
  /// The value given, or the table's fallback, or "".
  [[nodiscard]] std::string value(std::string_view option) const;
  [[nodiscard]] const std::vector<std::string>& values(std::string_view option) const;
  [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }
  [[nodiscard]] const std::string& operand(std::size_t index) const { return operands_.at(index); }

 private:
  friend struct ArgumentParser;
  friend ParsedArguments parse_arguments(const ProgramSpec& program, const CommandSpec& command,
                                         const std::vector<std::string>& words);
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
  std::map<std::string, std::string, std::less<>> fallbacks_;
  std::vector<std::string> operands_;
};

struct ParsedArguments {
  std::optional<Arguments> arguments;
  std::string error;  ///< why not, one line
};

/// `words` are what follows the command's name.
ParsedArguments parse_arguments(const ProgramSpec& program, const CommandSpec& command,
                                const std::vector<std::string>& words);

/// A non-negative integer option; nothing if the text is no such number.
std::optional<std::uint64_t> parse_count(std::string_view text);

}  // namespace isotrace::tools
