// Commands whose first operand says what to do (`isotrace policy init`).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {

struct Action {
  std::string_view name;
  int (*run)(const Context&, const Arguments&);
  std::string_view operands;               ///< what it wants behind its name; empty: nothing
  std::size_t least = 0;                   ///< operands behind its name
  std::size_t most = 0;                    ///< likewise
  std::vector<std::string_view> required;  ///< options that must be given
  std::vector<std::string_view> optional;  ///< and that may; others are a usage error
};

/// Runs the action that the first operand names; the table has checked the name.
int run_action(const Context& context, const Arguments& arguments, std::string_view command,
               std::span<const Action> actions);

}  // namespace isotrace::tools
