#include <isotrace/tools/bench/temporary_folder.hpp>

#include <cstdlib>
#include <filesystem>

namespace isotrace::tools::bench {

core::Result<std::unique_ptr<TemporaryFolder>> TemporaryFolder::make() {
  std::string folder = (std::filesystem::temp_directory_path() / "isotrace-bench-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return core::refuse(core::RefusalCode::file_write_failed, folder, "temporary folder");
  }
  return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(folder));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace isotrace::tools::bench
