// Split trees cut into parts that Coq checks one by one, in files of their own: less memory for
// each, and several at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::proofs {

struct CoqParts {
  /// Paths from the root to the parts, as Coq lists of bool (true: the second child).
  std::vector<std::string> paths;
  /// A proof of the whole from `MODULE_<index>.checked` for each part: applications of the joining
  /// lemma; "MODULE_0.checked" if there is one part.
  std::string joined;
};

/// Cuts the tree, whose nodes come in preorder and must be a complete tree, where a subtree has
/// more than `nodes_max` nodes (at least 1), 64 levels deep at most.
CoqParts cut_into_parts(const std::vector<ProofNode>& nodes, std::size_t nodes_max,
                        std::string_view joining_lemma, const std::string& module);

}  // namespace isotrace::proofs
