#include <isotrace/tools/cli/arguments.hpp>

#include <algorithm>
#include <charconv>

#include <CLI/CLI.hpp>

namespace isotrace::tools {
namespace {

/// "plugin:FILE" stands for every value that begins with "plugin:" and goes on.
bool fits(std::string_view value, std::string_view choice) {
  const auto colon = choice.find(':');
  if (colon == std::string_view::npos) return choice == value;
  return value.size() > colon + 1 && value.starts_with(choice.substr(0, colon + 1));
}

bool among(std::string_view value, std::string_view choices) {
  while (!choices.empty()) {
    const std::string_view choice = choices.substr(0, choices.find('|'));
    if (fits(value, choice)) return true;
    choices.remove_prefix(std::min(choices.size(), choice.size() + 1));
  }
  return false;
}

std::string wrong_choice(std::string_view what, std::string_view value, std::string_view choices) {
  std::string names(choices);
  std::replace(names.begin(), names.end(), '|', ' ');
  return std::string(what) + ": \"" + std::string(value) + "\" is none of: " + names;
}

constexpr char guard_mark = '\1';

/// CLI11 takes an operand "[a,b]" for two: before the bracket stands a mark while it looks at it.
void guard(std::string& word) {
  if (word.starts_with('[') || word.starts_with(guard_mark)) word.insert(0, 1, guard_mark);
}

void unguard(std::string& word) {
  if (word.starts_with(guard_mark)) word.erase(0, 1);
}

}  // namespace

/// Builds a CLI11 parser from the table, with storage that the options write to.
struct ArgumentParser {
  CLI::App app{"", ""};
  Arguments result;
  std::map<std::string, bool, std::less<>> flags;

  void add(const OptionSpec& option) {
    const std::string name(option.name);
    if (option.arity == Arity::flag) {
      app.add_flag(name, flags[name]);
      return;
    }
    auto* added = app.add_option(name, result.options_[name]);
    // "--input a b" must not swallow the operand b: one word per occurrence.
    added->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    if (!option.fallback.empty()) result.fallbacks_[name] = option.fallback;
  }

  /// "--policy --model m" forgets a file, and does not name one "--model": that is "./--model".
  std::string find_missing_value(const std::vector<std::string>& words) const {
    const auto is_option = [&](const std::string& word) {
      return flags.contains(word) || result.options_.contains(word);
    };
    for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
      if (flags.contains(words[i]) || !is_option(words[i])) continue;
      if (i + 1 < words.size() && is_option(words[i + 1])) {
        return words[i] + " needs a value, and " + words[i + 1] + " is an option";
      }
      ++i;  // the value, whatever it is
    }
    return {};
  }

  std::string check(const OptionSpec& option) const {
    const std::string name(option.name);
    if (option.arity == Arity::flag) return {};
    const auto& given = result.options_.find(name)->second;
    if (option.required && given.empty()) return name + " is required";
    if (option.arity == Arity::once && given.size() > 1) return name + " was given more than once";
    const bool names_file = option.argument == "FILE" || option.argument == "DIR" ||
                            option.argument == "PATH" || option.argument == "TRACE";
    for (const std::string& value : given) {
      if (names_file && value.empty()) return name + " names no file: its value is empty";
      if (!option.choices.empty() && !among(value, option.choices)) {
        return wrong_choice(name, value, option.choices);
      }
    }
    return {};
  }

  std::string check_operands(const CommandSpec& command) const {
    std::size_t least = 0;
    std::size_t most = 0;
    bool open = false;
    for (const OperandSpec& operand : command.operands) {
      least += operand.least;
      most += operand.most;
      open = open || operand.most == 0;
    }
    const std::size_t given = result.operands_.size();
    if (given < least) {
      std::size_t covered = 0;
      for (const OperandSpec& operand : command.operands) {
        covered += operand.least;
        if (given < covered) return std::string(operand.name) + " is missing";
      }
    }
    if (!open && given > most) return "unexpected operand: " + result.operands_[most];
    for (std::size_t i = 0; i < std::min(given, command.operands.size()); ++i) {
      const OperandSpec& operand = command.operands[i];
      if (!operand.choices.empty() && !among(result.operands_[i], operand.choices)) {
        return wrong_choice(operand.name, result.operands_[i], operand.choices);
      }
    }
    return {};
  }
};

bool Arguments::has(std::string_view option) const {
  const auto found = options_.find(option);
  return found != options_.end() && !found->second.empty();
}

std::string Arguments::value(std::string_view option) const {
  if (has(option)) return options_.find(option)->second.front();
  const auto fallback = fallbacks_.find(option);
  return fallback == fallbacks_.end() ? "" : fallback->second;
}

const std::vector<std::string>& Arguments::values(std::string_view option) const {
  static const std::vector<std::string> none;
  const auto found = options_.find(option);
  return found == options_.end() ? none : found->second;
}

ParsedArguments parse_arguments(const ProgramSpec& program, const CommandSpec& command,
                                const std::vector<std::string>& words) {
  ArgumentParser parser;
  parser.app.set_help_flag();
  for (const OptionSpec& option : program.shared) parser.add(option);
  for (const OptionSpec& option : command.options) parser.add(option);
  parser.app.add_option("operands", parser.result.operands_);
  if (std::string error = parser.find_missing_value(words); !error.empty()) {
    return {std::nullopt, std::move(error)};
  }
  try {
    // CLI11 takes the words last first.
    std::vector<std::string> guarded(words.rbegin(), words.rend());
    std::ranges::for_each(guarded, guard);
    parser.app.parse(std::move(guarded));
    std::ranges::for_each(parser.result.operands_, unguard);
    for (auto& [name, values] : parser.result.options_) std::ranges::for_each(values, unguard);
  } catch (const CLI::Error& error) {
    return {std::nullopt, error.what()};
  }
  for (const auto& [name, set] : parser.flags) {
    if (set) parser.result.options_[name] = {"yes"};
  }
  std::string error = parser.check_operands(command);
  for (const OptionSpec& option : program.shared) {
    if (error.empty()) error = parser.check(option);
  }
  for (const OptionSpec& option : command.options) {
    if (error.empty()) error = parser.check(option);
  }
  if (!error.empty()) return {std::nullopt, std::move(error)};
  return {std::move(parser.result), {}};
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace isotrace::tools
