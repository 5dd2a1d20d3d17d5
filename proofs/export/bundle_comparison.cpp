#include "bundle_comparison.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace isotrace::proofs {
namespace {

namespace fs = std::filesystem;

/// What is said about so many files that do not belong to a bundle; the others are left out.
constexpr std::size_t strangers_named = 16;

bool is_link(const fs::path& path) {
  std::error_code error;
  return fs::is_symlink(fs::symlink_status(path, error));
}

}  // namespace

BundleComparison::BundleComparison(const std::string& directory, const Bundle& regenerated,
                                   BundleLanguage language)
    : bundle_(regenerated), language_(std::move(language)) {
  find_differences(directory);
  find_strangers(directory);
}

void BundleComparison::find_differences(const std::string& directory) {
  for (const BundleFile& file : bundle_.files) {
    const std::string path = directory + "/" + file.path;
    const auto found =
        core::PosixFiles().read(path, std::max<std::uint64_t>(2 * file.bytes.size(), 1 << 20));
    const bool equal = found && *found == file.bytes;
    if (equal && !is_link(path)) continue;
    Difference difference{
        file.path, found ? "differs from what the proof gives" : describe(found.error()), {}};
    if (equal) difference.what = "is a link";
    if (found && file.path.starts_with(language_.generated))
      difference.word = language_.forbidden_word(core::as_text(*found));
    differences_.push_back(std::move(difference));
  }
}

/// Looks into the folders that the bundle has: what else lies beside them is not part of it.
void BundleComparison::find_strangers(const std::string& directory) {
  std::set<std::string> known;
  std::set<std::string> folders;
  for (const BundleFile& file : bundle_.files) {
    known.insert(file.path);
    const std::size_t end = file.path.find('/');
    if (end != std::string::npos) folders.insert(file.path.substr(0, end));
  }
  std::vector<std::string> strangers;
  for (const std::string& folder : folders) {
    if (is_link(directory + "/" + folder)) strangers.push_back(folder);
    std::error_code error;
    fs::recursive_directory_iterator entry(directory + "/" + folder, error);
    for (; !error && entry != fs::end(entry) && strangers.size() < strangers_named;
         entry.increment(error)) {
      const std::string path = fs::path(*entry).lexically_relative(directory).generic_string();
      const fs::file_status status = entry->symlink_status(error);
      if (error || fs::is_directory(status) || known.contains(path)) continue;
      const bool compiled = fs::is_regular_file(status) && language_.is_compiled(path, known);
      if (!compiled || compiled_.size() < strangers_named)
        (compiled ? compiled_ : strangers).push_back(path);
    }
    if (error) strangers.push_back(folder + " (" + error.message() + ")");
  }
  std::sort(compiled_.begin(), compiled_.end());
  for (const std::string& path : strangers)
    differences_.push_back({path, "is no file that the proof gives", {}});
}

std::optional<ObligationReplay> BundleComparison::judge(const Obligation& of) const {
  std::optional<ObligationReplay> worst;
  for (const Difference& difference : differences_) {
    if (!concerns(difference.path, of)) continue;
    ReplayStatus status =
        states(difference.path) ? ReplayStatus::statement_mismatch : ReplayStatus::rejected;
    std::string detail = difference.path + " " + difference.what;
    if (difference.word) {
      status = ReplayStatus::axiom_violation;
      detail += "; contains " + *difference.word;
    }
    if (!worst || worst->status < status)
      worst = ObligationReplay{of.id, status, detail, {}, of.tier};
    if (difference.word) return worst;
  }
  return worst;
}

bool BundleComparison::states(const std::string& path) const {
  if (path == bundle_manifest_path) return true;
  return std::any_of(
      language_.statements.begin(), language_.statements.end(), [&](std::string_view name) {
        return path.starts_with(std::string(language_.generated) + std::string(name));
      });
}

/// The obligation's own files, and those that belong to no obligation.
bool BundleComparison::concerns(const std::string& path, const Obligation& of) const {
  const auto owns = [&](const Obligation& obligation) {
    return std::count(obligation.parts.begin(), obligation.parts.end(), path) != 0;
  };
  return owns(of) || std::none_of(bundle_.obligations.begin(), bundle_.obligations.end(), owns);
}

}  // namespace isotrace::proofs
