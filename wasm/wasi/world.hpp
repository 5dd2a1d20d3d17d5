// What WASI functions need of the world: clocks, randomness, streams, files. This room knows no
// other world than the one that it is given; `tools` has the real one.
#pragma once

#include <memory>
#include <optional>
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

/// What becomes of one of a file's times.
struct NewTime {
  enum class Kind : std::uint8_t { keep, now, given };
  Kind kind = Kind::keep;
  std::uint64_t given = 0;  ///< nanoseconds since 1970
};

struct NewTimes {
  NewTime accessed;
  NewTime modified;
};

/// A regular file, or a stream, for which positions mean nothing; streams refuse with `invalid`
/// what only regular files have.
class File {
 public:
  virtual ~File() = default;
  /// How much was read; 0 only at the end (or where nothing was asked for).
  virtual Answer<std::size_t> read(std::span<std::uint8_t> bytes, std::uint64_t position) = 0;
  /// How much was written.
  virtual Answer<std::size_t> write(core::ByteView bytes, std::uint64_t position) = 0;
  virtual Answer<FileStatus> status() = 0;
  virtual Answer<core::Done> sync() = 0;
  /// Cuts the file, or lengthens it by zero bytes.
  virtual Answer<core::Done> set_size(std::uint64_t /*size*/) { return fail(Errno::invalid); }
  /// Takes the room for these bytes, so that the file is at least as long.
  virtual Answer<core::Done> allocate(std::uint64_t /*position*/, std::uint64_t /*size*/) {
    return fail(Errno::invalid);
  }
  virtual Answer<core::Done> set_times(const NewTimes& /*times*/) { return fail(Errno::invalid); }
  /// Waits until there is something to read, or the end; at most so many nanoseconds, or for ever.
  /// Whether there is. What need not be waited for is always there.
  virtual Answer<bool> wait_for_input(std::optional<std::uint64_t> /*timeout*/) { return true; }
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
  virtual Answer<core::Done> sync() = 0;
  virtual Answer<core::Done> set_times(const NewTimes& times) = 0;
  /// What it contains, without "." and "..", in any order.
  virtual Answer<std::vector<std::string>> names() = 0;
  /// Regular files and folders only.
  virtual Answer<Opened> open(std::string_view path, const OpenRequest& request) = 0;
  virtual Answer<FileStatus> status_of(std::string_view path, bool follow_links) = 0;
  virtual Answer<core::Done> create_folder(std::string_view path) = 0;
  virtual Answer<core::Done> remove_file(std::string_view path) = 0;
  virtual Answer<core::Done> remove_folder(std::string_view path) = 0;
  virtual Answer<core::Done> set_times_of(std::string_view path, bool follow_links,
                                          const NewTimes& times) = 0;
  /// Where a symbolic link leads.
  virtual Answer<std::string> read_link(std::string_view path) = 0;
  /// Makes a symbolic link; it may lead nowhere, but refuses not_capable where it is absolute.
  virtual Answer<core::Done> create_link(std::string_view text, std::string_view path) = 0;
  /// `target`, here and below, is a folder of the same world. One more name of the same file.
  virtual Answer<core::Done> link(std::string_view path, bool follow_links, Folder& target,
                                  std::string_view target_path) = 0;
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
