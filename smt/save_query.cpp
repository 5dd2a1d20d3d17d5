#include <isotrace/smt/save_query.hpp>

#include <sys/stat.h>

#include <isotrace/core/file.hpp>

namespace isotrace::smt {
namespace {

constexpr std::size_t label_bytes_max = 80;
constexpr std::size_t digest_digits = 16;

std::string file_stem(const std::string& folder, const std::string& label,
                      const core::Digest& query) {
  std::string stem;
  for (const char c : label) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || c == '_' || c == '-') {
      stem += c;
    } else if (!stem.empty() && stem.back() != '_') {
      stem += '_';
    }
    if (stem.size() == label_bytes_max) break;
  }
  if (!stem.empty()) stem += '-';
  return folder + "/" + stem + query.hex().substr(0, digest_digits);
}

core::Result<std::string> write(const std::string& folder, const std::string& path,
                                const std::string& text) {
  ::mkdir(folder.c_str(), 0777);
  ISOTRACE_TRY_DONE(core::PosixFiles().write(path, core::as_bytes(text)));
  return path;
}

}  // namespace

core::Result<std::string> save_query(const std::string& folder, const std::string& label,
                                     const core::Digest& query, const std::string& text) {
  return write(folder, file_stem(folder, label, query) + ".smt2", text);
}

core::Result<std::string> save_alarm(const std::string& folder, const std::string& label,
                                     const core::Digest& query, const std::string& text,
                                     const std::vector<std::optional<EngineRun>>& runs) {
  std::string paths;
  for (const auto& run : runs) {
    if (!run || !(is_sure(run->outcome) || run->outcome == Outcome::lied)) continue;
    const std::string engine(name(run->engine));
    const std::string head =
        "; " + engine + " " + version(run->engine) + ": " + std::string(name(run->outcome)) + "\n";
    ISOTRACE_TRY(
        const std::string path,
        write(folder, file_stem(folder, label, query) + "." + engine + ".smt2", head + text));
    paths += (paths.empty() ? "" : ", ") + path;
  }
  return paths;
}

}  // namespace isotrace::smt
