#include "fresh_folder.hpp"

#include <unistd.h>
#include <filesystem>

namespace isotrace::proofs {

core::Result<std::unique_ptr<FreshFolder>> FreshFolder::make(const std::string& parent) {
  std::string path = parent + "/isotrace-replay-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return core::refuse(core::RefusalCode::file_write_failed, parent,
                        "no folder can be made there");
  }
  return std::unique_ptr<FreshFolder>(new FreshFolder(std::move(path)));
}

FreshFolder::~FreshFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace isotrace::proofs
