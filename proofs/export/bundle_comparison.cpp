#include "bundle_comparison.hpp"

#include <algorithm>

namespace isotrace::proofs {

BundleComparison::BundleComparison(const std::string& directory, const Bundle& regenerated,
                                   BundleLanguage language)
    : bundle_(regenerated), language_(std::move(language)) {
  for (const BundleFile& file : regenerated.files) {
    const std::string path = directory + "/" + file.path;
    const auto found =
        core::PosixFiles().read(path, std::max<std::uint64_t>(2 * file.bytes.size(), 1 << 20));
    if (found && *found == file.bytes) continue;
    Difference difference{
        file.path, found ? "differs from what the proof gives" : describe(found.error()), {}};
    if (found && file.path.starts_with(language_.generated))
      difference.word = language_.forbidden_word(core::as_text(*found));
    differences_.push_back(std::move(difference));
  }
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
