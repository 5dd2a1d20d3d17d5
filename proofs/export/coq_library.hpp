// The Coq library (coq/core, coq/float and coq/trace) as it was when this program was built. Every
// bundle carries a copy; replay compiles its own.
#pragma once

#include <string_view>
#include <vector>

namespace isotrace::proofs {

struct CoqFile {
  std::string_view name;  ///< "Dyadic.v"
  std::string_view text;
  /// "core", Isotrace.Core; "float", Isotrace.Float, which needs Flocq and core; or "trace",
  /// Isotrace.Trace, which needs neither.
  std::string_view folder;
};

/// In the order in which they compile: each requires only earlier ones, those of core none of
/// float.
std::vector<CoqFile> coq_library();

/// As embedded, in no particular order, without folders.
std::vector<CoqFile> embedded_coq_files();

}  // namespace isotrace::proofs
