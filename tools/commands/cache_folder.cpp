#include <isotrace/tools/commands/cache_folder.hpp>

#include <cstdlib>
#include <filesystem>

namespace isotrace::tools {
namespace {

std::string absolute_path_of(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && value[0] == '/' ? value : "";
}

}  // namespace

std::string find_cache_folder() {
  std::string cache = absolute_path_of("XDG_CACHE_HOME");
  const std::string home = absolute_path_of("HOME");
  if (cache.empty() && !home.empty()) cache = home + "/.cache";
  if (cache.empty()) return {};
  std::error_code error;  // where it cannot be made, nothing is kept
  std::filesystem::create_directories(cache, error);
  return cache + "/isotrace";
}

}  // namespace isotrace::tools
