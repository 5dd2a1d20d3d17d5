// The Coq library (coq/core) as it was when this program was built. Every bundle carries a copy;
// replay compiles its own.
#pragma once

#include <string_view>
#include <vector>

namespace isotrace::proofs {

struct CoqFile {
  std::string_view name;  ///< "Dyadic.v"
  std::string_view text;
};

/// In the order in which they compile: each requires only earlier ones.
std::vector<CoqFile> coq_library();

/// As embedded, in no particular order.
std::vector<CoqFile> embedded_coq_files();

}  // namespace isotrace::proofs
