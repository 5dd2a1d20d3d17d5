// Which files of a bundle are not what its proof gives, and what that means for its theorems. A
// file more than the proof gives, or a link, is a difference too: replay would not read it, but
// whoever compiles the bundle by hand would.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/proofs/export/replay_coq.hpp>

namespace isotrace::proofs {

/// How an assistant's files are named, and which words have no place in them.
struct BundleLanguage {
  std::string_view generated;                ///< folder of generated files: "coq/gen/"
  std::vector<std::string_view> statements;  ///< names there that state: "Spec_", "Net_"
  std::function<std::optional<std::string>(std::string_view)> forbidden_word;
  /// Whether a compiler leaves such a file in a bundle of these files. Replay uses none of them.
  std::function<bool(std::string_view path, const std::set<std::string>& files)> is_compiled;
};

class BundleComparison {
 public:
  /// `regenerated` must outlive the comparison.
  BundleComparison(const std::string& directory, const Bundle& regenerated,
                   BundleLanguage language);

  /// The verdict on an obligation without asking the assistant; nothing if its files are as they
  /// should be.
  [[nodiscard]] std::optional<ObligationReplay> judge(const Obligation& of) const;

  /// Compiled files in the bundle, which replay does not use; some of many, in order.
  [[nodiscard]] const std::vector<std::string>& compiled() const { return compiled_; }

 private:
  struct Difference {
    std::string path;
    std::string what;
    std::optional<std::string> word;
  };

  void find_differences(const std::string& directory);
  void find_strangers(const std::string& directory);
  [[nodiscard]] bool states(const std::string& path) const;
  [[nodiscard]] bool concerns(const std::string& path, const Obligation& of) const;

  const Bundle& bundle_;
  BundleLanguage language_;
  std::vector<Difference> differences_;
  std::vector<std::string> compiled_;
};

}  // namespace isotrace::proofs
