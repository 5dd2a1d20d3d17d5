#include <isotrace/proofs/export/lean_library.hpp>

#include <algorithm>
#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {

std::vector<LeanFile> lean_library() {
  using Place = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Place, 8> order = {{{"Integers.lean", "Isotrace.Core.Integers"},
                                           {"Ring.lean", "Isotrace.Core.Ring"},
                                           {"Order.lean", "Isotrace.Core.Order"},
                                           {"Network.lean", "Isotrace.Core.Network"},
                                           {"Checker.lean", "Isotrace.Core.Checker"},
                                           {"Backward.lean", "Isotrace.Core.Backward"},
                                           {"Forward.lean", "Isotrace.Core.Forward"},
                                           {"Certified.lean", "Isotrace.Core.Certified"}}};
  const std::vector<EmbeddedLeanFile> embedded = embedded_lean_files();
  ISOTRACE_CHECK(embedded.size() == order.size(), embedded.size());
  std::vector<LeanFile> files;
  for (const auto& [name, module] : order) {
    const auto found =
        std::find_if(embedded.begin(), embedded.end(),
                     [wanted = name](const EmbeddedLeanFile& file) { return file.name == wanted; });
    ISOTRACE_CHECK(found != embedded.end(), name);
    files.push_back({module, found->text});
  }
  return files;
}

}  // namespace isotrace::proofs
