#include <isotrace/tools/commands/block_file.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <isotrace/tools/wasi/unique_descriptor.hpp>

namespace isotrace::tools {
namespace {

using wasi::UniqueDescriptor;

class BlockFile final : public executor::BlockSource {
 public:
  BlockFile(UniqueDescriptor descriptor, std::uint64_t size)
      : descriptor_(std::move(descriptor)), size_(size) {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    while (!out.empty()) {
      const ssize_t got =
          ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;  // shorter than it was, too
      offset += static_cast<std::uint64_t>(got);
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

 private:
  UniqueDescriptor descriptor_;
  std::uint64_t size_;
};

}  // namespace

std::unique_ptr<executor::BlockSource> open_blocks(const std::string& path,
                                                   std::uint64_t bytes_max) {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  UniqueDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (descriptor.get() < 0 || ::fstat(descriptor.get(), &status) != 0) return nullptr;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size > bytes_max) return nullptr;
  return std::make_unique<BlockFile>(std::move(descriptor), size);
}

}  // namespace isotrace::tools
