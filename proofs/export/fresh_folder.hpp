// A new folder, removed with everything in it at the end.
#pragma once

#include <memory>
#include <string>

#include <isotrace/core/result.hpp>

namespace isotrace::proofs {

class FreshFolder {
 public:
  /// Below `parent`. Refuses file_write_failed.
  static core::Result<std::unique_ptr<FreshFolder>> make(const std::string& parent);
  ~FreshFolder();
  FreshFolder(const FreshFolder&) = delete;
  FreshFolder& operator=(const FreshFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit FreshFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace isotrace::proofs
