#include <isotrace/tools/cli/command.hpp>

#include <algorithm>

namespace isotrace::tools {

const CommandSpec* find_command(const ProgramSpec& program, std::string_view name) {
  const auto found = std::find_if(program.commands.begin(), program.commands.end(),
                                  [&](const CommandSpec& command) { return command.name == name; });
  return found == program.commands.end() ? nullptr : &*found;
}

}  // namespace isotrace::tools
