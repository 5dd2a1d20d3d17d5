#include <isotrace/core/file.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace isotrace::core {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int close() {
    const int fd = fd_;
    fd_ = -1;
    return fd < 0 ? 0 : ::close(fd);
  }

 private:
  int fd_;
};

tl::unexpected<Refusal> refuse_errno(RefusalCode code, const std::string& path,
                                     const char* action) {
  return refuse(code, path, std::string(action) + ": " + std::strerror(errno));
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Takes the lock that whoever writes a pending file holds, and whether the name is still that
/// file's: two that write one path must not publish each other's unfinished bytes.
bool takes_lock(int fd, const std::string& pending) {
  struct stat opened {};
  struct stat named {};
  const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
  return locked && ::fstat(fd, &opened) == 0 && ::lstat(pending.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

class PosixPendingFile final : public PendingFile {
 public:
  PosixPendingFile(int fd, std::string path)
      : fd_(fd), lock_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), path_(std::move(path)) {}
  ~PosixPendingFile() override {
    if (!settled_) ::unlink(incomplete_path(path_).c_str());
  }

  Result<Done> append(ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return refuse_errno(RefusalCode::file_write_failed, path_, "write");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return Done{};
  }

  Result<Done> leave_unfinished() override {
    settled_ = true;
    return sync_and_close();
  }

  Result<Done> publish() override {
    ISOTRACE_TRY_DONE(sync_and_close());
    if (::rename(incomplete_path(path_).c_str(), path_.c_str()) != 0) {
      return refuse_errno(RefusalCode::file_write_failed, path_, "rename");
    }
    settled_ = true;
    // The rename itself is durable only once the folder is.
    const Descriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0 && ::fsync(folder.get()) != 0 && errno != EINVAL) {
      return refuse_errno(RefusalCode::file_write_failed, path_, "fsync of the folder");
    }
    return Done{};
  }

 private:
  Result<Done> sync_and_close() {
    if (::fsync(fd_.get()) != 0)
      return refuse_errno(RefusalCode::file_write_failed, path_, "fsync");
    if (fd_.close() != 0) return refuse_errno(RefusalCode::file_write_failed, path_, "close");
    return Done{};
  }

  Descriptor fd_;
  Descriptor lock_;  // keeps the lock until the file has its name
  std::string path_;
  bool settled_ = false;  // published, or to be left as it is
};

Result<Bytes> read_all(int fd, const std::string& path, std::uint64_t size_hint,
                       std::uint64_t bytes_max) {
  // One more than there should be, so that the end is seen without moving all of them.
  Bytes bytes(size_hint + 1);
  std::size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) bytes.resize(bytes.size() + 4096);
    const ssize_t got = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse_errno(RefusalCode::file_read_failed, path, "read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > bytes_max) {
      return refuse(RefusalCode::file_too_large, path,
                    "more than " + std::to_string(bytes_max) + " bytes");
    }
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace

Result<Done> Files::write(const std::string& path, ByteView bytes) {
  ISOTRACE_TRY(const std::unique_ptr<PendingFile> file, begin(path));
  ISOTRACE_TRY_DONE(file->append(bytes));
  return file->publish();
}

Result<Bytes> PosixFiles::read(const std::string& path, std::uint64_t bytes_max) {
  // O_NONBLOCK: opening a pipe must not wait for a writer; it is refused below.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return refuse_errno(RefusalCode::file_not_found, path, "open");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    return refuse_errno(RefusalCode::file_read_failed, path, "fstat");
  if (!S_ISREG(status.st_mode)) return refuse(RefusalCode::file_not_regular, path);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  // Beyond its memory the system would end this process, or another, rather than refuse.
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const auto limit = std::min(bytes_max, pages * static_cast<std::uint64_t>(::getpagesize()));
  if (size > limit) {
    return refuse(RefusalCode::file_too_large, path,
                  std::to_string(size) + " bytes, limit " + std::to_string(limit));
  }
  try {
    return read_all(fd.get(), path, size, bytes_max);
  } catch (const std::bad_alloc&) {
    return refuse(RefusalCode::file_too_large, path, "more than the memory has");
  }
}

Result<std::unique_ptr<PendingFile>> PosixFiles::begin(const std::string& path) {
  const mode_t mode = mode_ == FileMode::owner_only ? 0600 : 0644;
  const std::string pending = incomplete_path(path);
  // Renaming would replace what a link leads to, or a device such as /dev/null, by a plain file.
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return refuse(RefusalCode::file_write_failed, path, "it is there and no regular file");
  }
  const Descriptor abandoned(
      ::open(pending.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (abandoned.get() >= 0 && !takes_lock(abandoned.get(), pending)) {
    return refuse(RefusalCode::file_write_failed, path, "it is being written already");
  }
  // A fresh file each time: an abandoned one may have other permissions or be a link.
  if (::unlink(pending.c_str()) != 0 && errno != ENOENT) {
    return refuse_errno(RefusalCode::file_write_failed, path, "remove the abandoned file");
  }
  const int fd =
      ::open(pending.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return refuse_errno(RefusalCode::file_write_failed, path, "create");
  if (!takes_lock(fd, pending)) {
    ::close(fd);
    return refuse(RefusalCode::file_write_failed, path, "it is being written already");
  }
  return std::make_unique<PosixPendingFile>(fd, path);
}

}  // namespace isotrace::core
