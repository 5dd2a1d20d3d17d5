#include <isotrace/tools/wasi/host_file.hpp>

#include <cerrno>

#include <isotrace/tools/wasi/errors.hpp>

namespace isotrace::tools::wasi {
namespace {

using core::Done;
using wasm::wasi::Answer;
using wasm::wasi::FileStatus;
using wasm::wasi::FileType;

/// Calls `move(done)`, which moves bytes from number `done` on, until all are moved, nothing more
/// comes, or it fails; a failure counts only if nothing was moved.
template <class Move>
Answer<std::size_t> move_all(std::size_t size, Move move) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t moved = move(done);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0 && done == 0) return fail_with_errno();
    if (moved <= 0) break;
    done += static_cast<std::size_t>(moved);
  }
  return done;
}

FileType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileType::regular;
    case S_IFDIR: return FileType::folder;
    case S_IFLNK: return FileType::link;
    case S_IFBLK: return FileType::block_device;
    case S_IFCHR: return FileType::character_device;
    case S_IFSOCK: return FileType::socket;
    default: return FileType::unknown;
  }
}

std::uint64_t nanoseconds(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

FileStatus status_from(const struct stat& status) {
  return {.identity = {status.st_dev, status.st_ino},
          .type = type_of(status.st_mode),
          .links = status.st_nlink,
          .size = static_cast<std::uint64_t>(status.st_size),
          .accessed = nanoseconds(status.st_atim),
          .modified = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim)};
}

Answer<std::size_t> RegularFile::read(std::span<std::uint8_t> bytes, std::uint64_t position) {
  return move_all(bytes.size(), [&](std::size_t done) {
    return ::pread(descriptor_.get(), bytes.data() + done, bytes.size() - done,
                   static_cast<off_t>(position + done));
  });
}

Answer<std::size_t> RegularFile::write(core::ByteView bytes, std::uint64_t position) {
  return move_all(bytes.size(), [&](std::size_t done) {
    return ::pwrite(descriptor_.get(), bytes.data() + done, bytes.size() - done,
                    static_cast<off_t>(position + done));
  });
}

Answer<FileStatus> RegularFile::status() {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) return fail_with_errno();
  return status_from(status);
}

Answer<Done> RegularFile::sync() {
  if (::fsync(descriptor_.get()) != 0) return fail_with_errno();
  return Done{};
}

Answer<std::size_t> Stream::read(std::span<std::uint8_t> bytes, std::uint64_t /*position*/) {
  bool satisfied = false;
  return move_all(bytes.size(), [&](std::size_t done) -> ssize_t {
    if (satisfied) return 0;
    const ssize_t moved = ::read(descriptor_, bytes.data() + done, bytes.size() - done);
    satisfied = moved > 0 && reads_ == StreamReads::what_is_there;
    return moved;
  });
}

Answer<std::size_t> Stream::write(core::ByteView bytes, std::uint64_t /*position*/) {
  return move_all(bytes.size(), [&](std::size_t done) {
    return ::write(descriptor_, bytes.data() + done, bytes.size() - done);
  });
}

Answer<FileStatus> Stream::status() { return FileStatus{}; }

Answer<Done> Stream::sync() { return Done{}; }

}  // namespace isotrace::tools::wasi
