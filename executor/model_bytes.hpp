// The bytes of a model where they are, read piece by piece: an importer copies weights straight
// into the program and never holds a file as a whole.
#pragma once

#include <memory>
#include <span>
#include <string>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::executor {

class ModelBytes {
 public:
  virtual ~ModelBytes() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Bytes [offset, offset + out.size()), which must lie within the size. Refuses
  /// file_read_failed.
  [[nodiscard]] virtual core::Result<core::Done> read(std::uint64_t offset,
                                                      std::span<std::uint8_t> out) const = 0;
};

/// Of a view, which must stay valid.
class ModelInMemory final : public ModelBytes {
 public:
  explicit ModelInMemory(core::ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] core::Result<core::Done> read(std::uint64_t offset,
                                              std::span<std::uint8_t> out) const override;

 private:
  core::ByteView bytes_;
};

/// Of a regular file. It stays open, so it is one file that is read, whatever becomes of the name.
class ModelFile final : public ModelBytes {
 public:
  /// Refuses what core::Files::read refuses.
  static core::Result<std::unique_ptr<ModelFile>> open(const std::string& path);
  ~ModelFile() override;
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] core::Result<core::Done> read(std::uint64_t offset,
                                              std::span<std::uint8_t> out) const override;

 private:
  ModelFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_;
  std::string path_;
  std::uint64_t size_ = 0;
};

}  // namespace isotrace::executor
