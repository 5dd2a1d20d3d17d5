// Files that one command line would write over each other or over what it reads.
#pragma once

#include <string>

#include <isotrace/tools/cli/arguments.hpp>

namespace isotrace::tools {

/// Whether two paths are of one file, which need not be there yet. "-" and "" are none.
bool same_file(const std::string& a, const std::string& b);

/// Why the files that a command is to write cannot all be kept: two options name one file, or an
/// option names a file that is read (the same name, or a link to the same file), or one needs a
/// file and is given standard output. "" if they can. Commands that change a file (policy, key,
/// bundle) may name it twice, and so may --out and
/// --input of a run, whose results may become its next inputs.
std::string find_clash(const CommandSpec& command, const Arguments& arguments);

}  // namespace isotrace::tools
