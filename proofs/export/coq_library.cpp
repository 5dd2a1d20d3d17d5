#include <isotrace/proofs/export/coq_library.hpp>

#include <algorithm>
#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {

std::vector<CoqFile> coq_library() {
  using Place = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Place, 14> order = {{{"core", "Dyadic.v"},
                                            {"core", "Network.v"},
                                            {"core", "Rows.v"},
                                            {"core", "Relaxation.v"},
                                            {"core", "Backward.v"},
                                            {"core", "Forward.v"},
                                            {"core", "Tree.v"},
                                            {"core", "Range.v"},
                                            {"float", "Execution.v"},
                                            {"float", "Rounding.v"},
                                            {"float", "Values.v"},
                                            {"float", "Certified.v"},
                                            {"trace", "Sha256.v"},
                                            {"trace", "Merkle.v"}}};
  const std::vector<CoqFile> embedded = embedded_coq_files();
  ISOTRACE_CHECK(embedded.size() == order.size(), embedded.size());
  std::vector<CoqFile> files;
  for (const auto& [folder, name] : order) {
    const auto found =
        std::find_if(embedded.begin(), embedded.end(),
                     [&, wanted = name](const CoqFile& file) { return file.name == wanted; });
    ISOTRACE_CHECK(found != embedded.end(), name);
    files.push_back({found->name, found->text, folder});
  }
  return files;
}

}  // namespace isotrace::proofs
