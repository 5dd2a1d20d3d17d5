#include <isotrace/proofs/export/coq_library.hpp>

#include <algorithm>
#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {

std::vector<CoqFile> coq_library() {
  constexpr std::array<std::string_view, 7> order = {
      "Dyadic.v", "Network.v", "Rows.v", "Relaxation.v", "Backward.v", "Forward.v", "Tree.v"};
  const std::vector<CoqFile> embedded = embedded_coq_files();
  ISOTRACE_CHECK(embedded.size() == order.size(), embedded.size());
  std::vector<CoqFile> files;
  for (const std::string_view name : order) {
    const auto found = std::find_if(embedded.begin(), embedded.end(),
                                    [&](const CoqFile& file) { return file.name == name; });
    ISOTRACE_CHECK(found != embedded.end(), name);
    files.push_back(*found);
  }
  return files;
}

}  // namespace isotrace::proofs
