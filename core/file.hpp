// Files: whole-file reads with a limit, and writes that are published atomically. A file being
// written is called PATH.incomplete; publish() syncs it and renames it to PATH, so PATH is always
// absent, the old file or the whole new one. Implementations: PosixFiles, and SimulatedFiles for
// fault tests.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::core {

/// A file under construction. Dropping it without a call of one of the last two removes the
/// unfinished file.
class PendingFile {
 public:
  virtual ~PendingFile() = default;
  virtual Result<Done> append(ByteView bytes) = 0;
  /// Makes the file appear under its name, durably. Call once; nothing may follow.
  virtual Result<Done> publish() = 0;
  /// Leaves what is there as PATH.incomplete, durably. Call once; nothing may follow.
  virtual Result<Done> leave_unfinished() = 0;
};

class Files {
 public:
  virtual ~Files() = default;
  /// The whole of a regular file, read from one descriptor. Refuses file_not_found,
  /// file_not_regular, file_too_large (more than bytes_max), file_read_failed.
  virtual Result<Bytes> read(const std::string& path, std::uint64_t bytes_max) = 0;
  /// Starts PATH.incomplete (replacing an abandoned one). Refuses file_write_failed.
  virtual Result<std::unique_ptr<PendingFile>> begin(const std::string& path) = 0;

  /// begin, append, publish.
  Result<Done> write(const std::string& path, ByteView bytes);
};

/// Permission bits that a new file gets (private keys: owner only).
enum class FileMode : std::uint8_t { everyone, owner_only };

class PosixFiles final : public Files {
 public:
  explicit PosixFiles(FileMode mode = FileMode::everyone) : mode_(mode) {}
  Result<Bytes> read(const std::string& path, std::uint64_t bytes_max) override;
  Result<std::unique_ptr<PendingFile>> begin(const std::string& path) override;

 private:
  FileMode mode_;
};

inline std::string incomplete_path(const std::string& path) { return path + ".incomplete"; }

}  // namespace isotrace::core
