// Finds an executable the way a shell does.
#pragma once

#include <optional>
#include <string>

namespace isotrace::tools {

/// `name` itself if it contains a slash, else the first executable of that name in $PATH.
std::optional<std::string> find_program(const std::string& name);

}  // namespace isotrace::tools
