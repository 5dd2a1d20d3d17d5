#include <isotrace/smt/answer_cache.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include <isotrace/core/file.hpp>

namespace isotrace::smt {
namespace {

constexpr std::string_view magic = "isotrace answer 2\n";
constexpr std::uint64_t entry_bytes_max = std::uint64_t{1} << 30;

bool write_all(int file, core::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// Writes a file that nobody sees before it is whole, and that is gone if we are.
bool publish(const std::string& folder, const std::string& path, core::ByteView bytes) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return false;
  bool done = write_all(file, bytes);
  if (done) {
    const std::string unnamed = "/proc/self/fd/" + std::to_string(file);
    const auto link = [&] {
      return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    done = link();
    // Who writes an entry found none that was whole.
    if (!done && errno == EEXIST && ::unlink(path.c_str()) == 0) done = link();
  }
  ::close(file);
  return done;
}

}  // namespace

core::Digest AnswerCache::key(const core::Digest& query, Engine engine, const EngineLimits& limits,
                              std::size_t clauses_max) {
  core::ByteWriter writer;
  writer.text(magic).raw(query.view()).text(name(engine)).text(version(engine));
  // Not the wall clock's limit: what a deadline leaves differs with every run, a sure answer does
  // not.
  writer.u64(limits.memory_bytes).u64(limits.cpu_seconds);
  writer.u64(limits.output_bytes_max).u64(limits.steps);
  writer.u64(clauses_max);
  return core::sha256(writer.bytes());
}

std::string AnswerCache::path(const core::Digest& key) const {
  return folder_ + "/" + key.hex() + ".answer";
}

std::optional<Answer> AnswerCache::find(const core::Digest& key) const {
  if (folder_.empty()) return std::nullopt;
  const auto bytes = core::PosixFiles().read(path(key), entry_bytes_max);
  constexpr std::size_t head = magic.size() + 32;
  if (!bytes || bytes->size() < head) return std::nullopt;
  const core::ByteView view(*bytes);
  const core::ByteView content = view.subspan(head);
  if (core::as_text(view.first(magic.size())) != magic) return std::nullopt;
  if (core::digest_from_bytes(view.subspan(magic.size(), 32)) != core::sha256(content)) {
    return std::nullopt;
  }
  auto answer = read_answer(core::as_text(content));
  if (!answer) return std::nullopt;
  return *std::move(answer);
}

void AnswerCache::keep(const core::Digest& key, const Answer& answer) const {
  if (folder_.empty()) return;
  ::mkdir(folder_.c_str(), 0777);
  const std::string content = write_answer(answer);
  core::ByteWriter writer;
  writer.raw(core::as_bytes(magic)).raw(core::sha256(core::as_bytes(content)).view());
  writer.raw(core::as_bytes(content));
  publish(folder_, path(key), writer.bytes());
}

}  // namespace isotrace::smt
