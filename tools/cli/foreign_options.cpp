#include <isotrace/tools/cli/foreign_options.hpp>

namespace isotrace::tools {

std::string find_foreign_option(const Arguments& arguments, std::string_view command,
                                std::initializer_list<std::string_view> options,
                                std::string_view kind) {
  for (const std::string_view option : options) {
    if (!arguments.has(option)) continue;
    return std::string(command) + ": " + std::string(option) + " does not apply to " +
           std::string(kind);
  }
  return {};
}

}  // namespace isotrace::tools
