// Texts made from the command table: --help, man page, shell completions.
#pragma once

#include <string>

#include <isotrace/tools/cli/command.hpp>

namespace isotrace::tools {

std::string program_help(const ProgramSpec& program);
std::string command_help(const ProgramSpec& program, const CommandSpec& command);

/// troff for man(1); `version` goes into the footer.
std::string man_page(const ProgramSpec& program, std::string_view version);

std::string bash_completion(const ProgramSpec& program);
std::string zsh_completion(const ProgramSpec& program);
std::string fish_completion(const ProgramSpec& program);

}  // namespace isotrace::tools
