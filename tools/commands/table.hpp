// The one table of `isotrace`'s commands and options.
#pragma once

#include <isotrace/tools/cli/program.hpp>
#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {

const ProgramSpec& isotrace_program();
CommandFunction find_function(std::string_view command);

}  // namespace isotrace::tools
