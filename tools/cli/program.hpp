// The body of main() for programs that are a table of commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

using CommandFunction = int (*)(const Context&, const Arguments&);
using FindFunction = CommandFunction (*)(std::string_view command);

/// Finds the command, parses its arguments and runs it; returns the exit code. --help and a missing
/// command are answered here; an exception that arrives here is a bug and gives 70, never 0.
int run_program(const ProgramSpec& program, FindFunction find_function,
                const std::vector<std::string>& words);

}  // namespace isotrace::tools
