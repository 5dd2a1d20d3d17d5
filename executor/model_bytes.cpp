#include <isotrace/executor/model_bytes.hpp>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::executor {

using core::RefusalCode;
using core::refuse;
using core::Result;

Result<core::Done> ModelInMemory::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  ISOTRACE_CHECK(offset <= bytes_.size() && out.size() <= bytes_.size() - offset, offset);
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return core::Done{};
}

Result<std::unique_ptr<ModelFile>> ModelFile::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for a writer; it is refused below.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return refuse(RefusalCode::file_not_found, path, std::string("open: ") + std::strerror(errno));
  }
  std::unique_ptr<ModelFile> file(new ModelFile(descriptor, path));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    return refuse(RefusalCode::file_read_failed, path,
                  std::string("fstat: ") + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return refuse(RefusalCode::file_not_regular, path);
  file->size_ = static_cast<std::uint64_t>(status.st_size);
  if (file->size_ > core::limits::model_bytes_max) {
    return refuse(RefusalCode::file_too_large, path,
                  std::to_string(file->size_) + " bytes, limit " +
                      std::to_string(core::limits::model_bytes_max));
  }
  return file;
}

ModelFile::~ModelFile() { ::close(descriptor_); }

Result<core::Done> ModelFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  ISOTRACE_CHECK(offset <= size_ && out.size() <= size_ - offset, offset);
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return refuse(RefusalCode::file_read_failed, path_,
                    got == 0 ? "the file became shorter" : std::strerror(errno));
    }
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return core::Done{};
}

}  // namespace isotrace::executor
