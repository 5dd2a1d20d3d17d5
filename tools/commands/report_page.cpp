#include <isotrace/tools/commands/report_page.hpp>

#include <algorithm>

#include <isotrace/core/digest.hpp>

namespace isotrace::tools {

core::Result<Json> write_page(const Context& context, const std::string& path,
                              const std::string& page, std::size_t rows, std::size_t rows_max) {
  ISOTRACE_TRY_DONE(context.write(path, core::as_bytes(page)));
  const std::size_t shown = std::min(rows, rows_max);
  return Json{{"bytes", page.size()},
              {"sha256", core::sha256(core::as_bytes(page)).hex()},
              {"rows", shown},
              {"leftOut", rows - shown}};
}

void print_page_line(const Context& context, const Json& html) {
  if (html.is_null()) return;
  context.out << "  page: " << html["bytes"] << " bytes, sha256 "
              << html["sha256"].get<std::string>() << ", " << html["rows"] << " rows";
  if (html["leftOut"] != 0) context.out << ", " << html["leftOut"] << " left out";
  context.out << "\n";
}

}  // namespace isotrace::tools
