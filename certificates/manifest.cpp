#include <isotrace/certificates/manifest.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::certificates {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

constexpr std::size_t depth_max = 64;
constexpr std::size_t files_max = 1U << 20;
constexpr std::size_t path_max = 4096;

struct Entry {
  std::string path;
  std::uint64_t size;
  core::Digest sha256;
};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

tl::unexpected<core::Refusal> refuse_errno(RefusalCode code, const std::string& path) {
  return core::refuse(code, path, std::strerror(errno));
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

Result<Entry> hash_file(int fd, const struct stat& before, const std::string& path) {
  core::Sha256 hasher;
  std::uint64_t size = 0;
  std::array<std::uint8_t, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse_errno(RefusalCode::file_read_failed, path);
    if (got == 0) break;
    hasher.update(core::ByteView(buffer).first(static_cast<std::size_t>(got)));
    size += static_cast<std::uint64_t>(got);
  }
  struct stat after {};
  if (::fstat(fd, &after) != 0) return refuse_errno(RefusalCode::file_read_failed, path);
  if (!same_file(before, after) || size != static_cast<std::uint64_t>(after.st_size)) {
    return core::refuse(RefusalCode::file_read_failed, path, "it changed while it was read");
  }
  return Entry{path, size, hasher.finish()};
}

/// Plain ASCII without backslash: what means the same name on every system and in every display.
bool is_safe_name(std::string_view name) {
  return !name.empty() && is_plain(name) && name.find('\\') == std::string_view::npos &&
         name.front() != ' ' && name.back() != ' ' && name.back() != '.';
}

Result<Done> walk(int folder, const std::string& prefix, std::size_t depth,
                  std::vector<Entry>& entries);

/// One name in a folder that is already open. A single component and O_NOFOLLOW: nothing outside
/// the folder can be reached, whatever is renamed meanwhile.
Result<Done> visit(int folder, const std::string& name, const std::string& prefix,
                   std::size_t depth, std::vector<Entry>& entries) {
  const std::string path = prefix + name;
  if (!is_safe_name(name) || path.size() > path_max) {
    return core::refuse(RefusalCode::manifest_name_unsafe, quote(path));
  }
  struct stat seen {};
  if (::fstatat(folder, name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) {
    return refuse_errno(RefusalCode::file_read_failed, path);
  }
  // Looked at before opening: opening a device can have effects.
  if (!S_ISREG(seen.st_mode) && !S_ISDIR(seen.st_mode)) {
    return core::refuse(RefusalCode::file_not_regular, path);
  }
  Descriptor fd(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.get() < 0) return refuse_errno(RefusalCode::file_read_failed, path);
  struct stat opened {};
  if (::fstat(fd.get(), &opened) != 0) return refuse_errno(RefusalCode::file_read_failed, path);
  if (S_ISDIR(opened.st_mode)) return walk(fd.release(), path + "/", depth + 1, entries);
  if (!S_ISREG(opened.st_mode)) return core::refuse(RefusalCode::file_not_regular, path);
  if (entries.size() >= files_max) return core::refuse(RefusalCode::limit_exceeded, path, "files");
  ISOTRACE_TRY(Entry entry, hash_file(fd.get(), opened, path));
  entries.push_back(std::move(entry));
  return Done{};
}

/// Takes the descriptor over.
Result<Done> walk(int fd, const std::string& prefix, std::size_t depth,
                  std::vector<Entry>& entries) {
  const Folder folder(::fdopendir(fd));
  if (folder == nullptr) {
    auto refusal = refuse_errno(RefusalCode::file_read_failed, prefix);
    ::close(fd);
    return refusal;
  }
  if (depth > depth_max) return core::refuse(RefusalCode::limit_exceeded, prefix, "too deep");
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    if (names.size() > files_max) return core::refuse(RefusalCode::limit_exceeded, prefix, "files");
  }
  if (errno != 0) return refuse_errno(RefusalCode::file_read_failed, prefix);
  for (const std::string& name : names) {
    ISOTRACE_TRY_DONE(visit(::dirfd(folder.get()), name, prefix, depth, entries));
  }
  return Done{};
}

}  // namespace

Result<core::Bytes> make_manifest(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return refuse_errno(RefusalCode::file_not_found, folder);
  std::vector<Entry> entries;
  ISOTRACE_TRY_DONE(walk(fd, "", 0, entries));
  if (entries.empty()) return core::refuse(RefusalCode::evidence_missing, folder, "no file in it");
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.path < b.path; });
  Json files = Json::array();
  for (const Entry& entry : entries) {
    files.push_back({{"path", entry.path}, {"sha256", entry.sha256.hex()}, {"size", entry.size}});
  }
  const std::string text = write_json(
      {{"files", std::move(files)}, {"schema", "https://isotrace.dev/model-manifest/v1"}});
  return core::Bytes(text.begin(), text.end());
}

}  // namespace isotrace::certificates
