#include <isotrace/tools/commands/actions.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/tools/commands/table.hpp>

namespace isotrace::tools {
namespace {

/// Why an action cannot run on these arguments; empty if it can.
std::string find_misuse(const Arguments& arguments, const CommandSpec& command,
                        const Action& action) {
  const std::size_t given = arguments.operands().size() - 1;
  if (given < action.least || given > action.most) {
    return action.operands.empty() ? "takes no file" : "name " + std::string(action.operands);
  }
  for (const std::string_view option : action.required) {
    if (!arguments.has(option)) return std::string(option) + " is required";
  }
  for (const OptionSpec& option : command.options) {
    const bool known = std::ranges::count(action.required, option.name) > 0 ||
                       std::ranges::count(action.optional, option.name) > 0;
    if (!known && arguments.has(option.name)) return std::string(option.name) + " does not apply";
  }
  return {};
}

}  // namespace

int run_action(const Context& context, const Arguments& arguments, std::string_view command,
               std::span<const Action> actions) {
  const auto action = std::ranges::find(actions, arguments.operand(0), &Action::name);
  const CommandSpec* spec = find_command(isotrace_program(), command);
  ISOTRACE_CHECK(action != actions.end() && spec != nullptr);
  const std::string misuse = find_misuse(arguments, *spec, *action);
  if (!misuse.empty()) {
    return report_usage(context,
                        std::string(command) + " " + std::string(action->name) + ": " + misuse);
  }
  return action->run(context, arguments);
}

}  // namespace isotrace::tools
