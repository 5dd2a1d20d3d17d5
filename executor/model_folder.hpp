// The folder of a model, for tensor data that ONNX keeps outside the model file. A location is a
// path from the file of a stranger: it may lead nowhere but below the folder.
#pragma once

#include <string>

#include <isotrace/core/bytes.hpp>

namespace isotrace::executor {

class ModelFolder {
 public:
  explicit ModelFolder(std::string path) : path_(std::move(path)) {}
  /// The folder that holds a model file.
  static ModelFolder of_model(const std::string& model_path);

  /// Bytes [offset, offset + length) of a regular file. Refuses
  /// external_data_unsafe for absolute paths, "..", links that lead out of the folder and ranges
  /// outside the file, and limit_exceeded, file_not_found, file_not_regular, file_read_failed.
  [[nodiscard]] core::Result<core::Bytes> read(const std::string& location, std::uint64_t offset,
                                               std::uint64_t length) const;

 private:
  std::string path_;
};

}  // namespace isotrace::executor
