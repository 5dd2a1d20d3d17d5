// The command line as data. One table per program describes commands, operands, options and
// examples; the parser, --help, the man page and the shell completions are all made from it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace isotrace::tools {

enum class Arity : std::uint8_t { flag, once, many };

struct OptionSpec {
  std::string_view name;      ///< "--input"
  std::string_view argument;  ///< "NAME=FILE"; empty for flags
  Arity arity;
  std::string_view help;
  std::string_view fallback = {};  ///< the value when the option is not given; empty: none
  /// "reference|plugin:FILE": the values allowed; empty: any. What follows a colon is any text.
  std::string_view choices = {};
  bool required = false;
};

struct OperandSpec {
  std::string_view name;  ///< "PROGRAM"
  std::string_view help;
  std::size_t least = 1;
  std::size_t most = 1;  ///< 0: any number
  std::string_view choices = {};
};

struct CommandSpec {
  std::string_view name;
  std::string_view summary;
  std::span<const OperandSpec> operands;
  std::span<const OptionSpec> options;
  std::span<const std::string_view> examples;
};

struct ProgramSpec {
  std::string_view name;  ///< "isotrace"
  std::string_view summary;
  std::span<const CommandSpec> commands;
  std::span<const OptionSpec> shared;  ///< options of every command
};

/// Finds a command by name; nullptr if there is none.
const CommandSpec* find_command(const ProgramSpec& program, std::string_view name);

}  // namespace isotrace::tools
