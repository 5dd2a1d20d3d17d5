#include <isotrace/tools/cli/help.hpp>

namespace isotrace::tools {
namespace {

std::string usage_of(const CommandSpec& command) {
  std::string text;
  for (const OperandSpec& operand : command.operands) {
    std::string name(operand.name);
    if (operand.most != 1) name += "...";
    text += operand.least == 0 ? " [" + name + "]" : " " + name;
  }
  return text;
}

std::string left_column(const OptionSpec& option) {
  std::string text(option.name);
  if (!option.argument.empty()) text += " " + std::string(option.argument);
  return text;
}

std::string described(const OptionSpec& option) {
  std::string text(option.help);
  if (!option.choices.empty()) text += " (" + std::string(option.choices) + ")";
  if (!option.fallback.empty()) text += " [default: " + std::string(option.fallback) + "]";
  if (option.required) text += " [required]";
  if (option.arity == Arity::many) text += " (may be repeated)";
  return text;
}

void append_row(std::string& text, std::string left, std::string_view right) {
  constexpr std::size_t column = 26;
  text += "  " + left;
  if (left.size() >= column) {
    text += "\n" + std::string(column + 2, ' ');
  } else {
    text += std::string(column - left.size(), ' ');
  }
  text += std::string(right) + "\n";
}

constexpr std::string_view exit_codes =
    "0 yes  1 no  2 usage  3 refused input  4 environment  5 undecided";

/// troff: a leading dot or quote is an instruction, '-' must be escaped to stay a hyphen-minus.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '-' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void append_man_option(std::string& text, const OptionSpec& option) {
  text += ".TP\n.B " + escaped(option.name);
  if (!option.argument.empty()) text += " \\fI" + escaped(option.argument) + "\\fR";
  text += "\n" + escaped(described(option)) + "\n";
}

}  // namespace

std::string program_help(const ProgramSpec& program) {
  std::string text = std::string(program.name) + " - " + std::string(program.summary) +
                     "\n\nUsage: " + std::string(program.name) +
                     " COMMAND [OPTIONS]\n\nCommands:\n";
  for (const CommandSpec& command : program.commands) {
    append_row(text, std::string(command.name), command.summary);
  }
  text += "\nOptions of every command:\n";
  for (const OptionSpec& option : program.shared)
    append_row(text, left_column(option), described(option));
  text += "\nExit codes: " + std::string(exit_codes) + "\n`" + std::string(program.name) +
          " COMMAND --help` shows a command with examples.\n";
  return text;
}

std::string command_help(const ProgramSpec& program, const CommandSpec& command) {
  const std::string name = std::string(program.name) + " " + std::string(command.name);
  std::string text = name + " - " + std::string(command.summary) + "\n\nUsage: " + name +
                     usage_of(command) + " [OPTIONS]\n";
  if (!command.operands.empty()) text += "\n";
  for (const OperandSpec& operand : command.operands) {
    append_row(text, std::string(operand.name), operand.help);
  }
  text += "\nOptions:\n";
  for (const OptionSpec& option : command.options)
    append_row(text, left_column(option), described(option));
  for (const OptionSpec& option : program.shared)
    append_row(text, left_column(option), described(option));
  text += "\nExamples:\n";
  for (std::string_view example : command.examples) text += "  " + std::string(example) + "\n";
  text += "\nExit codes: " + std::string(exit_codes) + "\n";
  return text;
}

std::string man_page(const ProgramSpec& program, std::string_view version) {
  const std::string name(program.name);
  std::string text = ".TH " + name + " 1 \"\" \"isotrace " + std::string(version) +
                     "\"\n.SH NAME\n" + name + " \\- " + escaped(program.summary) +
                     "\n.SH SYNOPSIS\n.B " + name +
                     "\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH COMMANDS\n";
  for (const CommandSpec& command : program.commands) {
    text += ".SS " + name + " " + std::string(command.name) + escaped(usage_of(command)) + "\n" +
            escaped(command.summary) + ".\n";
    for (const OperandSpec& operand : command.operands) {
      text += ".TP\n.I " + escaped(operand.name) + "\n" + escaped(operand.help) + "\n";
    }
    for (const OptionSpec& option : command.options) append_man_option(text, option);
    for (std::string_view example : command.examples)
      text += ".PP\n.RS\n" + escaped(example) + "\n.RE\n";
  }
  text += ".SH OPTIONS OF EVERY COMMAND\n";
  for (const OptionSpec& option : program.shared) append_man_option(text, option);
  return text + ".SH EXIT STATUS\n" + std::string(exit_codes) + "\n";
}

}  // namespace isotrace::tools
