#include <isotrace/proofs/export/coq_library.hpp>

#include <algorithm>
#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {

std::vector<CoqFile> coq_library() {
  using Place = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Place, 32> order = {
      {{"bits", "Lrat.v"},           {"bits", "Gates.v"},      {"bits", "Wasm.v"},
       {"bits", "Words.v"},          {"bits", "Numeric.v"},    {"bits", "Memory.v"},
       {"bits", "Symbolic.v"},       {"bits", "Execution.v"},  {"bits", "Fuel.v"},
       {"bits", "Indirect.v"},       {"bits", "Claims.v"},     {"bits", "Certificate.v"},
       {"core", "Dyadic.v"},         {"core", "Network.v"},    {"core", "Rows.v"},
       {"core", "Relaxation.v"},     {"core", "Backward.v"},   {"core", "Forward.v"},
       {"core", "Tree.v"},           {"core", "Range.v"},      {"primint", "Word.v"},
       {"primint", "Packed.v"},      {"primint", "Lower.v"},   {"primint", "Bounds.v"},
       {"primint", "Certificate.v"}, {"float", "Execution.v"}, {"float", "Rounding.v"},
       {"float", "Values.v"},        {"float", "Certified.v"}, {"trace", "Sha256.v"},
       {"trace", "Merkle.v"},        {"trace", "Chain.v"}}};
  const std::vector<CoqFile> embedded = embedded_coq_files();
  ISOTRACE_CHECK(embedded.size() == order.size(), embedded.size());
  std::vector<CoqFile> files;
  for (const auto& [folder, name] : order) {
    const auto found = std::find_if(embedded.begin(), embedded.end(),
                                    [&, place = Place(folder, name)](const CoqFile& file) {
                                      return Place(file.folder, file.name) == place;
                                    });
    ISOTRACE_CHECK(found != embedded.end(), name);
    files.push_back(*found);
  }
  return files;
}

}  // namespace isotrace::proofs
