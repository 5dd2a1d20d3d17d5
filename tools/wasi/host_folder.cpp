#include <isotrace/tools/wasi/host_folder.hpp>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include <dirent.h>
#include <fcntl.h>

#include <isotrace/tools/wasi/errors.hpp>
#include <isotrace/tools/wasi/host_file.hpp>
#include <isotrace/tools/wasi/path_walk.hpp>

namespace isotrace::tools::wasi {
namespace {

using core::Done;
using wasm::wasi::Answer;
using wasm::wasi::Errno;
using wasm::wasi::fail;
using wasm::wasi::FileStatus;
using wasm::wasi::FileType;
using wasm::wasi::Folder;
using wasm::wasi::NewTimes;
using wasm::wasi::Opened;
using wasm::wasi::OpenRequest;

constexpr std::size_t names_max = std::size_t{1} << 20;
constexpr mode_t file_mode = 0666;
constexpr mode_t folder_mode = 0777;

Answer<FileStatus> status_at(const Place& place) {
  struct stat status {};
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return fail_with_errno();
  }
  if (place.must_be_folder && !S_ISDIR(status.st_mode)) return fail(Errno::not_directory);
  return status_from(status);
}

/// Never waits for the other end of a pipe, and takes no terminal.
int open_flags(const OpenRequest& request, bool must_be_folder) {
  int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  if (request.write || request.truncate) {
    flags |= request.read ? O_RDWR : O_WRONLY;
  }
  if (must_be_folder) return flags | O_DIRECTORY;  // with O_CREAT, Linux may leave a file behind
  if (request.create) flags |= O_CREAT;
  if (request.create && request.exclusive) flags |= O_EXCL;
  return flags;
}

class Directory {
 public:
  explicit Directory(int folder) {
    const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0) return;
    entries_ = ::fdopendir(again);
    if (entries_ == nullptr) ::close(again);
  }
  ~Directory() {
    if (entries_ != nullptr) ::closedir(entries_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] DIR* get() const { return entries_; }

 private:
  DIR* entries_ = nullptr;
};

}  // namespace

Answer<FileStatus> HostFolder::status() {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) return fail_with_errno();
  return status_from(status);
}

Answer<Done> HostFolder::sync() {
  if (::fsync(descriptor_.get()) != 0) return fail_with_errno();
  return Done{};
}

Answer<Done> HostFolder::set_times(const NewTimes& times) {
  if (::futimens(descriptor_.get(), times_for(times).data()) != 0) return fail_with_errno();
  return Done{};
}

Answer<std::vector<std::string>> HostFolder::names() {
  const Directory directory(descriptor_.get());
  if (directory.get() == nullptr) return fail_with_errno();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == names_max) return fail(Errno::overflow);
    names.push_back(std::move(name));
  }
  if (errno != 0) return fail_with_errno();
  return names;
}

/// Truncates only once it is known to be a regular file.
Answer<Opened> HostFolder::open(std::string_view path, const OpenRequest& request) {
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, request.follow_links));
  if (request.folder && (request.create || request.truncate)) return fail(Errno::invalid);
  const int flags = open_flags(request, request.folder || place.must_be_folder);
  UniqueDescriptor opened(::openat(place.folder.get(), place.name.c_str(), flags, file_mode));
  // A pipe without a reader, or a device without a driver.
  if (!opened.is_open() && errno == ENXIO) return fail(Errno::not_supported);
  if (!opened.is_open()) return fail_with_errno();
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) return fail_with_errno();
  Opened result{.file = nullptr, .folder = nullptr, .status = status_from(status)};
  if (result.status.type == FileType::folder) {
    result.folder = std::make_unique<HostFolder>(std::move(opened));
    return result;
  }
  if (result.status.type != FileType::regular) return fail(Errno::not_supported);
  if (request.truncate && ::ftruncate(opened.get(), 0) != 0) return fail_with_errno();
  result.file = std::make_unique<RegularFile>(std::move(opened));
  return result;
}

Answer<FileStatus> HostFolder::status_of(std::string_view path, bool follow_links) {
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, follow_links));
  return status_at(place);
}

Answer<Done> HostFolder::create_folder(std::string_view path) {
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, false));
  if (::mkdirat(place.folder.get(), place.name.c_str(), folder_mode) != 0) {
    return fail_with_errno();
  }
  return Done{};
}

Answer<Done> HostFolder::remove_file(std::string_view path) {
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, false));
  if (place.must_be_folder) return fail(Errno::is_directory);
  if (::unlinkat(place.folder.get(), place.name.c_str(), 0) != 0) return fail_with_errno();
  return Done{};
}

Answer<Done> HostFolder::remove_folder(std::string_view path) {
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, false));
  if (::unlinkat(place.folder.get(), place.name.c_str(), AT_REMOVEDIR) != 0) {
    return fail_with_errno();
  }
  return Done{};
}

Answer<Done> HostFolder::set_times_of(std::string_view path, bool follow_links,
                                      const NewTimes& times) {
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, follow_links));
  if (place.must_be_folder) ISOTRACE_TRY_DONE(status_at(place));
  if (::utimensat(place.folder.get(), place.name.c_str(), times_for(times).data(),
                  AT_SYMLINK_NOFOLLOW) != 0) {
    return fail_with_errno();
  }
  return Done{};
}

Answer<std::string> HostFolder::read_link(std::string_view path) {
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, false));
  std::array<char, PATH_MAX> text{};
  const ssize_t size =
      ::readlinkat(place.folder.get(), place.name.c_str(), text.data(), text.size());
  if (size < 0) return fail_with_errno();
  if (static_cast<std::size_t>(size) == text.size()) return fail(Errno::name_too_long);
  if (text[0] == '/') return fail(Errno::not_capable);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

Answer<Done> HostFolder::create_link(std::string_view text, std::string_view path) {
  if (text.starts_with('/')) return fail(Errno::not_capable);
  ISOTRACE_TRY(const Place place, find_place(descriptor_.get(), path, false));
  if (place.must_be_folder) ISOTRACE_TRY_DONE(status_at(place));
  const std::string target(text);
  if (::symlinkat(target.c_str(), place.folder.get(), place.name.c_str()) != 0) {
    return fail_with_errno();
  }
  return Done{};
}

Answer<Done> HostFolder::link(std::string_view path, bool follow_links, Folder& target,
                              std::string_view target_path) {
  const auto* const other = dynamic_cast<const HostFolder*>(&target);
  if (other == nullptr) return fail(Errno::cross_device);
  ISOTRACE_TRY(const Place from, find_place(descriptor_.get(), path, follow_links));
  ISOTRACE_TRY(const Place to, find_place(other->descriptor_.get(), target_path, false));
  for (const Place* place : {&from, &to}) {
    if (place->must_be_folder) ISOTRACE_TRY_DONE(status_at(*place));
  }
  if (::linkat(from.folder.get(), from.name.c_str(), to.folder.get(), to.name.c_str(), 0) != 0) {
    return fail_with_errno();
  }
  return Done{};
}

Answer<Done> HostFolder::rename(std::string_view path, Folder& target,
                                std::string_view target_path) {
  const auto* const other = dynamic_cast<const HostFolder*>(&target);
  if (other == nullptr) return fail(Errno::cross_device);
  ISOTRACE_TRY(const Place from, find_place(descriptor_.get(), path, false));
  ISOTRACE_TRY(const Place to, find_place(other->descriptor_.get(), target_path, false));
  if (from.must_be_folder || to.must_be_folder) {
    ISOTRACE_TRY(const FileStatus moved, status_at(from));
    if (moved.type != FileType::folder) return fail(Errno::not_directory);
  }
  if (::renameat(from.folder.get(), from.name.c_str(), to.folder.get(), to.name.c_str()) != 0) {
    return fail_with_errno();
  }
  return Done{};
}

}  // namespace isotrace::tools::wasi
