// Commands that take several kinds of files have options for one kind alone: given with another
// kind, they are a wrong call and never ignored.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <isotrace/tools/cli/arguments.hpp>

namespace isotrace::tools {

/// "COMMAND: OPTION does not apply to KIND" for the first of these options that is given; empty if
/// none is.
std::string find_foreign_option(const Arguments& arguments, std::string_view command,
                                std::initializer_list<std::string_view> options,
                                std::string_view kind);

}  // namespace isotrace::tools
