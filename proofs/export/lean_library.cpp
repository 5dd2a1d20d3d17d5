#include <isotrace/proofs/export/lean_library.hpp>

#include <algorithm>
#include <array>
#include <span>

#include <isotrace/core/check.hpp>
#include <isotrace/proofs/export/lean.hpp>

namespace isotrace::proofs {

namespace {

using Place = std::pair<std::string_view, std::string_view>;

constexpr std::array<Place, 12> networks = {
    {{"Integers.lean", "Isotrace.Core.Integers"},
     {"Ring.lean", "Isotrace.Core.Ring"},
     {"Order.lean", "Isotrace.Core.Order"},
     {"Network.lean", "Isotrace.Core.Network"},
     {"Checker.lean", "Isotrace.Core.Checker"},
     {"Backward.lean", "Isotrace.Core.Backward"},
     {"Forward.lean", "Isotrace.Core.Forward"},
     {"Certified.lean", "Isotrace.Core.Certified"},
     {"FloatExecution.lean", "Isotrace.Float.FloatExecution"},
     {"FloatRounding.lean", "Isotrace.Float.FloatRounding"},
     {"FloatSums.lean", "Isotrace.Float.FloatSums"},
     {"FloatCertified.lean", "Isotrace.Float.FloatCertified"}}};
/// The last one is of bundles of tier `native`.
constexpr std::array<Place, 10> functions = {{{"Wasm.lean", "Isotrace.Bits.Wasm"},
                                              {"Gates.lean", "Isotrace.Bits.Gates"},
                                              {"Words.lean", "Isotrace.Bits.Words"},
                                              {"Division.lean", "Isotrace.Bits.Division"},
                                              {"Memory.lean", "Isotrace.Bits.Memory"},
                                              {"Trees.lean", "Isotrace.Bits.Trees"},
                                              {"Paths.lean", "Isotrace.Bits.Paths"},
                                              {"Refutation.lean", "Isotrace.Bits.Refutation"},
                                              {"Claims.lean", "Isotrace.Bits.Claims"},
                                              {"Native.lean", "Isotrace.Bits.Native"}}};

constexpr std::string_view lakefile =
    "name = \"isotrace_bundle\"\ndefaultTargets = [\"Isotrace\"]\n\n"
    "[[lean_lib]]\nname = \"Isotrace\"\nglobs = [\"Isotrace.+\"]\n";

std::vector<LeanFile> files_at(std::span<const Place> order) {
  const std::vector<EmbeddedLeanFile> embedded = embedded_lean_files();
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

}  // namespace

std::vector<LeanFile> lean_library(LeanPart part) {
  if (part == LeanPart::networks) return files_at(networks);
  const bool native = part == LeanPart::native_functions;
  return files_at(std::span(functions).first(functions.size() - (native ? 0 : 1)));
}

void add_lean_library(Bundle& bundle, LeanPart part) {
  for (const LeanFile& file : lean_library(part))
    bundle.files.push_back(text_file(lean_path(std::string(file.module)), file.text));
}

void add_lean_project(Bundle& bundle) {
  bundle.files.push_back(text_file("lean/lakefile.toml", lakefile));
  bundle.files.push_back(text_file("lean/lean-toolchain", std::string(lean_toolchain) + "\n"));
}

}  // namespace isotrace::proofs
