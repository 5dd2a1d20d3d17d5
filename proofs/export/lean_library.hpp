// The Lean library (lean/core, lean/bits) as it was when this program was built. Every bundle
// carries a copy; replay compiles its own.
#pragma once

#include <string_view>
#include <vector>

#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

struct LeanFile {
  std::string_view module;  ///< "Isotrace.Core.Network"
  std::string_view text;
};

/// The parts of the library: each kind of bundle needs one.
/// (`native_functions` is `functions` and one more.)
enum class LeanPart : std::uint8_t { networks, functions, native_functions };

/// In the order in which they compile: each imports only earlier ones.
std::vector<LeanFile> lean_library(LeanPart part);

/// The files of a part, and those that `lake` reads.
void add_lean_library(Bundle& bundle, LeanPart part);
void add_lean_project(Bundle& bundle);

struct EmbeddedLeanFile {
  std::string_view name;  ///< "Network.lean"
  std::string_view text;
};
/// As embedded, in no particular order.
std::vector<EmbeddedLeanFile> embedded_lean_files();

}  // namespace isotrace::proofs
