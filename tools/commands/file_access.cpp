#include <isotrace/tools/commands/file_access.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace isotrace::tools {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

/// Reads what lies around what is asked for, too: small pieces are asked for in their order.
class PosixAccess final : public wasm::RandomAccess {
 public:
  PosixAccess(int fd, std::uint64_t size, std::string path)
      : fd_(fd), size_(size), path_(std::move(path)) {}
  ~PosixAccess() override { ::close(fd_); }
  PosixAccess(const PosixAccess&) = delete;
  PosixAccess& operator=(const PosixAccess&) = delete;

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  Result<Done> read(std::uint64_t offset, std::span<std::uint8_t> to) override {
    if (to.size() > window_bytes) return read_exactly(offset, to);
    if (offset < begin_ || offset + to.size() > begin_ + window_.size()) {
      window_.resize(std::max<std::uint64_t>(
          to.size(), std::min<std::uint64_t>(window_bytes, size_ - std::min(size_, offset))));
      begin_ = offset;
      auto read = read_exactly(offset, window_);
      if (!read) {
        window_.clear();
        return read;
      }
    }
    std::memcpy(to.data(), &window_[offset - begin_], to.size());
    return Done{};
  }

 private:
  static constexpr std::size_t window_bytes = 4096;

  Result<Done> read_exactly(std::uint64_t offset, std::span<std::uint8_t> to) const {
    while (!to.empty()) {
      const ssize_t got = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        return core::refuse(RefusalCode::file_read_failed, path_,
                            got == 0 ? "it has become shorter" : std::strerror(errno));
      }
      to = to.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return Done{};
  }

  int fd_;
  std::uint64_t size_;
  std::string path_;
  std::uint64_t begin_ = 0;
  std::vector<std::uint8_t> window_;  ///< bytes of the file from begin_ on
};

}  // namespace

std::unique_ptr<wasm::RandomAccess> open_file(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return nullptr;
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    return nullptr;
  }
  return std::make_unique<PosixAccess>(fd, static_cast<std::uint64_t>(status.st_size), path);
}

}  // namespace isotrace::tools
