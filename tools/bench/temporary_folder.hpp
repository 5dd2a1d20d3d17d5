// A folder for files that a measurement needs.
#pragma once

#include <memory>
#include <string>

#include <isotrace/core/result.hpp>

namespace isotrace::tools::bench {

/// Goes with all that is in it.
class TemporaryFolder {
 public:
  /// Refuses file_write_failed.
  static core::Result<std::unique_ptr<TemporaryFolder>> make();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace isotrace::tools::bench
