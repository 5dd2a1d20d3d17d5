#include <isotrace/executor/model_folder.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>

#include <isotrace/core/limits.hpp>

namespace isotrace::executor {
namespace {

namespace fs = std::filesystem;
using core::RefusalCode;
using core::refuse;
using core::Result;

/// Names that mean the same below any folder on any system.
Result<core::Done> check_location(const std::string& location) {
  const fs::path path(location);
  const bool plain =
      !location.empty() && location.size() <= core::limits::name_bytes_max && path.is_relative() &&
      location.find('\0') == std::string::npos && location.find('\\') == std::string::npos &&
      std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
  if (plain) return core::Done{};
  return refuse(RefusalCode::external_data_unsafe, "location " + location.substr(0, 80),
                "is no relative path below the model's folder");
}

/// The file behind a location, links followed; it must lie below the folder.
Result<fs::path> find_file(const std::string& folder, const std::string& location) {
  ISOTRACE_TRY_DONE(check_location(location));
  std::error_code error;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
  if (error) return refuse(RefusalCode::file_not_found, folder, error.message());
  const fs::path file = fs::canonical(root / location, error);
  if (error) return refuse(RefusalCode::file_not_found, "location " + location, error.message());
  const auto [root_end, inside] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (root_end != root.end()) {
    return refuse(RefusalCode::external_data_unsafe, "location " + location,
                  "a link leads out of the model's folder");
  }
  if (!fs::is_regular_file(file, error)) {
    return refuse(RefusalCode::file_not_regular, "location " + location);
  }
  return file;
}

}  // namespace

ModelFolder ModelFolder::of_model(const std::string& model_path) {
  return ModelFolder(fs::path(model_path).parent_path().string());
}

Result<core::Bytes> ModelFolder::read(const std::string& location, std::uint64_t offset,
                                      std::uint64_t length) const {
  ISOTRACE_TRY(const fs::path file, find_file(path_, location));
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  if (error) return refuse(RefusalCode::file_read_failed, file.string(), error.message());
  if (offset > size || length > size - offset) {
    return refuse(RefusalCode::external_data_unsafe, "location " + location,
                  "offset " + std::to_string(offset) + ", length " + std::to_string(length) +
                      " of " + std::to_string(size) + " bytes");
  }
  if (length > core::limits::tensor_bytes_max) {
    return refuse(RefusalCode::limit_exceeded, "location " + location,
                  std::to_string(length) + " bytes");
  }
  try {
    core::Bytes bytes(length);
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset));
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(length));
    if (!in) return refuse(RefusalCode::file_read_failed, file.string(), "read");
    return bytes;
  } catch (const std::bad_alloc&) {
    return refuse(RefusalCode::limit_exceeded, "location " + location, "more than the memory has");
  }
}

}  // namespace isotrace::executor
