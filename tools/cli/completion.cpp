#include <isotrace/tools/cli/help.hpp>

namespace isotrace::tools {
namespace {

/// "a b plugin:" of "a|b|plugin:FILE".
std::string choice_words(std::string_view choices) {
  std::string words;
  bool fixed = true;
  for (const char c : choices) {
    if (c == '|') fixed = true;
    if (fixed) words += c == '|' ? ' ' : c;
    if (c == ':') fixed = false;
  }
  return words;
}

std::string words_of(const ProgramSpec& program, const CommandSpec& command) {
  std::string words;
  for (const OptionSpec& option : command.options) words += std::string(option.name) + " ";
  for (const OptionSpec& option : program.shared) words += std::string(option.name) + " ";
  for (const OperandSpec& operand : command.operands) {
    if (!operand.choices.empty()) words += choice_words(operand.choices) + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

std::string command_names(const ProgramSpec& program) {
  std::string names;
  for (const CommandSpec& command : program.commands) names += std::string(command.name) + " ";
  names.pop_back();
  return names;
}

/// Single quotes for shells: ' becomes '\''.
std::string quote(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Choices of options: after "--backend", offer its values.
void append_bash_choices(std::string& text, std::span<const OptionSpec> options) {
  for (const OptionSpec& option : options) {
    if (option.choices.empty()) continue;
    text += "    " + std::string(option.name) + ") COMPREPLY=($(compgen -W " +
            quote(choice_words(option.choices)) + " -- \"$word\")); return ;;\n";
  }
}

}  // namespace

std::string bash_completion(const ProgramSpec& program) {
  const std::string name(program.name);
  const std::string function =
      "_" + name.substr(0, name.find('-')) + "_" +
      (name.find('-') == std::string::npos ? "main" : name.substr(name.find('-') + 1));
  std::string text =
      "# bash completion for " + name + "\n" + function +
      "() {\n  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W " +
      quote(command_names(program)) + " -- \"$word\"))\n    return\n  fi\n  case \"$before\" in\n";
  for (const CommandSpec& command : program.commands) append_bash_choices(text, command.options);
  text += "  esac\n  case \"${COMP_WORDS[1]}\" in\n";
  for (const CommandSpec& command : program.commands) {
    text += "    " + std::string(command.name) + ") words=" + quote(words_of(program, command)) +
            " ;;\n";
  }
  text +=
      "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n}\n"
      "complete -o filenames -F " +
      function + " " + name + "\n";
  return text;
}

std::string zsh_completion(const ProgramSpec& program) {
  const std::string name(program.name);
  std::string text =
      "#compdef " + name + "\n_" + name + "() {\n  local -a commands\n  commands=(\n";
  for (const CommandSpec& command : program.commands) {
    text += "    " + quote(std::string(command.name) + ":" + std::string(command.summary)) + "\n";
  }
  text +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  case $words[2] in\n";
  for (const CommandSpec& command : program.commands) {
    text += "    " + std::string(command.name) + ") _values option " + words_of(program, command) +
            "; _files ;;\n";
  }
  return text + "  esac\n}\n_" + name + " \"$@\"\n";
}

std::string fish_completion(const ProgramSpec& program) {
  const std::string name(program.name);
  std::string text;
  for (const CommandSpec& command : program.commands) {
    const std::string command_name(command.name);
    text += "complete -c " + name + " -n __fish_use_subcommand -a " + command_name + " -d " +
            quote(command.summary) + "\n";
    auto add = [&](const OptionSpec& option) {
      text += "complete -c " + name + " -n '__fish_seen_subcommand_from " + command_name + "' -l " +
              std::string(option.name.substr(2)) + (option.argument.empty() ? "" : " -r") + " -d " +
              quote(option.help) + "\n";
    };
    for (const OptionSpec& option : command.options) add(option);
    for (const OptionSpec& option : program.shared) add(option);
  }
  return text;
}

}  // namespace isotrace::tools
