// The Lean library (lean/core) as it was when this program was built. Every bundle carries a copy;
// replay compiles its own.
#pragma once

#include <string_view>
#include <vector>

namespace isotrace::proofs {

struct LeanFile {
  std::string_view module;  ///< "Isotrace.Core.Network"
  std::string_view text;
};

/// In the order in which they compile: each imports only earlier ones.
std::vector<LeanFile> lean_library();

struct EmbeddedLeanFile {
  std::string_view name;  ///< "Network.lean"
  std::string_view text;
};
/// As embedded, in no particular order.
std::vector<EmbeddedLeanFile> embedded_lean_files();

}  // namespace isotrace::proofs
