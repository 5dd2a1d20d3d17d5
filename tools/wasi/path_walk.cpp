#include <isotrace/tools/wasi/path_walk.hpp>

#include <array>
#include <climits>
#include <deque>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include <isotrace/tools/wasi/errors.hpp>

namespace isotrace::tools::wasi {
namespace {

using core::Done;
using wasm::wasi::Answer;
using wasm::wasi::Errno;
using wasm::wasi::fail;

constexpr unsigned links_max = 40;

/// The folders from the first one to where the walk is, and the names that are still ahead.
class Walk {
 public:
  Answer<Done> begin(int folder) {
    UniqueDescriptor first(::openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!first.is_open()) return fail_with_errno();
    folders_.push_back(std::move(first));
    return Done{};
  }

  /// Puts the names of a path in front of those ahead.
  Answer<Done> add(std::string_view path) {
    if (path.empty()) return fail(Errno::no_entry);
    if (path.front() == '/') return fail(Errno::not_capable);
    std::vector<std::string> names;
    std::size_t begin = 0;
    while (begin < path.size()) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      const std::string_view name = path.substr(begin, end - begin);
      if (!name.empty() && name != ".") names.emplace_back(name);
      begin = end + 1;
    }
    // What ends in "/", "/." or "." is a folder.
    const bool is_folder = path.back() == '/' || path == "." || path.ends_with("/.");
    if (ahead_.empty() && is_folder) must_be_folder_ = true;
    ahead_.insert(ahead_.begin(), names.begin(), names.end());
    return Done{};
  }

  Answer<Place> run(bool follow_last) {
    while (!ahead_.empty()) {
      const std::string name = std::move(ahead_.front());
      ahead_.pop_front();
      if (name == "..") {
        if (folders_.size() == 1) return fail(Errno::not_capable);
        folders_.pop_back();
        continue;
      }
      const bool last = ahead_.empty();
      if (!last || follow_last || must_be_folder_) {
        ISOTRACE_TRY(const std::optional<std::string> link, read_link(name));
        if (link) {
          if (++links_ > links_max) return fail(Errno::loop);
          ISOTRACE_TRY_DONE(add(*link));
          continue;
        }
      }
      if (last) return Place{std::move(folders_.back()), name, must_be_folder_};
      ISOTRACE_TRY_DONE(enter(name));
    }
    return Place{std::move(folders_.back()), ".", true};
  }

 private:
  /// Where the entry leads if it is a link.
  Answer<std::optional<std::string>> read_link(const std::string& name) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size =
        ::readlinkat(folders_.back().get(), name.c_str(), target.data(), target.size());
    // Anything but a link is invalid here; what does not exist, the caller finds out.
    if (size < 0 && (errno == EINVAL || errno == ENOENT)) return std::nullopt;
    if (size < 0) return fail_with_errno();
    if (static_cast<std::size_t>(size) == target.size()) return fail(Errno::name_too_long);
    return std::string(target.data(), static_cast<std::size_t>(size));
  }

  Answer<Done> enter(const std::string& name) {
    UniqueDescriptor next(::openat(folders_.back().get(), name.c_str(),
                                   O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.is_open()) return fail_with_errno();
    folders_.push_back(std::move(next));
    return Done{};
  }

  std::vector<UniqueDescriptor> folders_;
  std::deque<std::string> ahead_;
  bool must_be_folder_ = false;
  unsigned links_ = 0;
};

}  // namespace

Answer<Place> find_place(int folder, std::string_view path, bool follow_last) {
  Walk walk;
  ISOTRACE_TRY_DONE(walk.begin(folder));
  ISOTRACE_TRY_DONE(walk.add(path));
  return walk.run(follow_last);
}

}  // namespace isotrace::tools::wasi
