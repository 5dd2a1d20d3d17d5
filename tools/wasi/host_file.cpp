#include <isotrace/tools/wasi/host_file.hpp>

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

#include <isotrace/tools/wasi/errors.hpp>

namespace isotrace::tools::wasi {
namespace {

using core::Done;
using wasm::wasi::Answer;
using wasm::wasi::FileStatus;
using wasm::wasi::FileType;
using wasm::wasi::NewTime;
using wasm::wasi::NewTimes;

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

constexpr std::uint64_t second_ns = 1'000'000'000;

std::uint64_t nanoseconds(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * second_ns +
         static_cast<std::uint64_t>(time.tv_nsec);
}

timespec time_of(std::uint64_t nanoseconds) {
  return {.tv_sec = static_cast<time_t>(nanoseconds / second_ns),
          .tv_nsec = static_cast<long>(nanoseconds % second_ns)};
}

timespec time_for(const NewTime& time) {
  switch (time.kind) {
    case NewTime::Kind::now: return {.tv_sec = 0, .tv_nsec = UTIME_NOW};
    case NewTime::Kind::given: return time_of(time.given);
    default: return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  }
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

std::array<timespec, 2> times_for(const NewTimes& times) {
  return {time_for(times.accessed), time_for(times.modified)};
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

Answer<Done> RegularFile::set_size(std::uint64_t size) {
  if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0) return fail_with_errno();
  return Done{};
}

/// Disks that cannot give room beforehand at least make the file as long, as others do.
Answer<Done> RegularFile::allocate(std::uint64_t position, std::uint64_t size) {
  while (::fallocate(descriptor_.get(), 0, static_cast<off_t>(position),
                     static_cast<off_t>(size)) != 0) {
    if (errno == EINTR) continue;
    if (errno != EOPNOTSUPP) return fail_with_errno();
    ISOTRACE_TRY(const FileStatus found, status());
    return found.size < position + size ? set_size(position + size) : Done{};
  }
  return Done{};
}

Answer<Done> RegularFile::set_times(const NewTimes& times) {
  if (::futimens(descriptor_.get(), times_for(times).data()) != 0) return fail_with_errno();
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

Answer<bool> Stream::wait_for_input(std::optional<std::uint64_t> timeout) {
  if (reads_ == StreamReads::all) return true;
  pollfd input{.fd = descriptor_, .events = POLLIN, .revents = 0};
  timespec left = timeout ? time_of(*timeout) : timespec{};
  while (true) {
    // Linux takes off the time that has passed if a signal comes.
    const long came = ::syscall(SYS_ppoll, &input, 1, timeout ? &left : nullptr, nullptr, 0);
    if (came >= 0) return came > 0;
    if (errno != EINTR) return fail_with_errno();
  }
}

Answer<FileStatus> Stream::status() { return FileStatus{}; }

Answer<Done> Stream::sync() { return Done{}; }

}  // namespace isotrace::tools::wasi
