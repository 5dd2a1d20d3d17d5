// What a search for a proof needs to go on where it stopped, and the file that keeps it. Local
// state: it is read by the version that wrote it, and nothing in it is believed - a proof found
// after it was read goes through the checker like any other.
#pragma once

#include <memory>
#include <vector>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

struct TreeNode {
  ProofNode node;
  std::vector<ProofNode> named;  ///< bounds that stand before it
  std::size_t lower_child = 0;
  std::size_t upper_child = 0;
};

/// A box that is still to be looked at.
struct OpenBox {
  Box box;
  std::shared_ptr<const Bounds> inherited;  ///< siblings share them
  std::vector<SignSplit> signs;
  std::vector<std::uint8_t> slopes;  ///< of all ReLU elements, to start from; or none
  std::size_t tree_node = 0;
  std::size_t depth = 0;
  /// Activations before this layer are bounded already for this very box.
  std::size_t settled = 0;
};

/// The search of one case between two rounds.
struct CaseState {
  std::uint64_t round = 0;
  std::uint64_t looked_at = 0;
  double explored = 0;  ///< share of the case that is closed, halving with each split
  std::vector<TreeNode> tree;
  std::vector<OpenBox> open;  ///< empty and no tree: not begun
};

/// What came before the case at hand.
struct SearchProgress {
  std::uint64_t attacked = 0;  ///< 1 once the first attack was not cut short
  std::uint64_t attempt = 0;   ///< how often the margin has grown
  std::uint64_t nodes = 0;     ///< boxes looked at in finished cases
  std::uint64_t false_candidates = 0;
  std::vector<CaseProof> cases;  ///< finished ones of this attempt
};

struct SearchState {
  SearchProgress progress;
  CaseState current;
};

/// `question` names what is searched for: program, property and what the search depends on.
core::Bytes write_search_state(const core::Digest& question, const SearchProgress& progress,
                               const CaseState& current);
/// Refuses search_state_malformed (also where the numbers do not fit the network), _mismatch for
/// another question, and limit_exceeded for more than search_state_bytes_max.
core::Result<SearchState> read_search_state(core::ByteView bytes, const core::Digest& question,
                                            const Network& network);

}  // namespace isotrace::proofs::search
