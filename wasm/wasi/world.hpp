// What WASI functions need of the world: clocks, randomness, streams, files. This room knows no
// other world than the one that it is given; `tools` has the real one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/wasi/errno.hpp>

namespace isotrace::wasm::wasi {

/// Numbers of `clockid`; the others are refused before they come here.
enum class ClockId : std::uint32_t { realtime = 0, monotonic = 1 };

/// All times are in nanoseconds.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Answer<std::uint64_t> now(ClockId clock) = 0;
  virtual Answer<std::uint64_t> resolution(ClockId clock) = 0;
  virtual void sleep(std::uint64_t duration) = 0;
};

class Randomness {
 public:
  virtual ~Randomness() = default;
  virtual Answer<core::Done> fill(std::span<std::uint8_t> bytes) = 0;
};

/// Numbers of `filetype`.
enum class FileType : std::uint8_t {
  unknown = 0,  ///< streams: a program is not told whether a person sits at the other end
  block_device = 1,
  character_device = 2,
  folder = 3,
  regular = 4,
  socket = 6,
  link = 7,
};

/// Which file it is, in the world's own numbers. A program sees others (InodeNumbers).
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileIdentity&) const = default;
};

struct FileStatus {
  FileIdentity identity;
  FileType type = FileType::unknown;
  std::uint64_t links = 1;
  std::uint64_t size = 0;
  std::uint64_t accessed = 0;  ///< nanoseconds since 1970
  std::uint64_t modified = 0;
  std::uint64_t changed = 0;
};

/// A regular file, or a stream, for which positions mean nothing.
class File {
 public:
  virtual ~File() = default;
  /// How much was read; 0 only at the end (or where nothing was asked for).
  virtual Answer<std::size_t> read(std::span<std::uint8_t> bytes, std::uint64_t position) = 0;
  /// How much was written.
  virtual Answer<std::size_t> write(core::ByteView bytes, std::uint64_t position) = 0;
  virtual Answer<FileStatus> status() = 0;
  virtual Answer<core::Done> sync() = 0;
};

class Folder;

/// One of the two, and what it was when it was opened.
struct Opened {
  std::unique_ptr<File> file;
  std::unique_ptr<Folder> folder;
  FileStatus status;
};

struct OpenRequest {
  bool read = false;
  bool write = false;
  bool create = false;     ///< a regular file, if there is nothing
  bool exclusive = false;  ///< with create: refuse what exists
  bool truncate = false;
  bool folder = false;        ///< refuse anything but a folder
  bool follow_links = false;  ///< the last name of the path may be a link
};

/// A folder that a program may work in. Paths lead to nothing above it, whatever links it contains
/// (not_capable).
class Folder {
 public:
  virtual ~Folder() = default;
  virtual Answer<FileStatus> status() = 0;
  /// What it contains, without "." and "..", in any order.
  virtual Answer<std::vector<std::string>> names() = 0;
  /// Regular files and folders only.
  virtual Answer<Opened> open(std::string_view path, const OpenRequest& request) = 0;
  virtual Answer<FileStatus> status_of(std::string_view path, bool follow_links) = 0;
  virtual Answer<core::Done> create_folder(std::string_view path) = 0;
  virtual Answer<core::Done> remove_file(std::string_view path) = 0;
  virtual Answer<core::Done> remove_folder(std::string_view path) = 0;
  /// `target` is a folder of the same world.
  virtual Answer<core::Done> rename(std::string_view path, Folder& target,
                                    std::string_view target_path) = 0;
};

/// A folder that is open from the start, with the name that the program knows it by.
struct OpenFolder {
  std::string name;
  std::unique_ptr<Folder> folder;
};

struct World {
  std::unique_ptr<Clock> clock;
  std::unique_ptr<Randomness> randomness;
  std::unique_ptr<File> input;
  std::unique_ptr<File> output;
  std::unique_ptr<File> error;
  std::vector<OpenFolder> folders;
  bool shows_file_times = true;  ///< else the times of files are 0
};

}  // namespace isotrace::wasm::wasi
