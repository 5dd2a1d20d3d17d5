// The page that `isotrace report` writes, and what it says of it.
#pragma once

#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Writes a page; {"bytes","sha256","rows","leftOut"} of it.
core::Result<Json> write_page(const Context& context, const std::string& path,
                              const std::string& page, std::size_t rows, std::size_t rows_max);

/// That object as a line; nothing if it is null.
void print_page_line(const Context& context, const Json& html);

}  // namespace isotrace::tools
