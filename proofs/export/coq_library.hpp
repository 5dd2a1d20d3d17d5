// The Coq library (coq/bits, coq/core, coq/float and coq/trace) as it was when this program was
// built. Every bundle carries a copy; replay compiles its own.
#pragma once

#include <string_view>
#include <vector>

namespace isotrace::proofs {

struct CoqFile {
  std::string_view name;  ///< "Dyadic.v"
  std::string_view text;
  /// "bits", Isotrace.Bits; "core", Isotrace.Core; "primint", Isotrace.Primint, which needs core;
  /// "float", Isotrace.Float, which needs Flocq and core; or "trace", Isotrace.Trace. The others
  /// need only themselves.
  std::string_view folder;
};

/// In the order in which they compile: each requires only earlier ones, those of core none of
/// float.
std::vector<CoqFile> coq_library();

/// As embedded, in no particular order.
std::vector<CoqFile> embedded_coq_files();

}  // namespace isotrace::proofs
