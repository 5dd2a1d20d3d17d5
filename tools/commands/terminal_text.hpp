// Foreign text for a terminal.
#pragma once

#include <algorithm>
#include <string>

#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// What is not printable ASCII throughout is quoted and escaped, so that names in files cannot
/// drive the terminal they are printed on.
inline std::string terminal_text(const std::string& text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
  return printable ? text : Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace isotrace::tools
