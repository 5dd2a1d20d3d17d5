// Branch and bound over one case: boxes are closed by attempt_leaf() or halved. Boxes are taken in
// rounds whose make-up depends only on earlier results, so tree and candidates are the same for any
// number of workers.
#pragma once

#include <functional>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/search/attack.hpp>
#include <isotrace/proofs/search/leaf.hpp>
#include <isotrace/proofs/search/search_state.hpp>
#include <isotrace/proofs/search/workers.hpp>

namespace isotrace::proofs::search {

enum class SearchEnd {
  proved,     ///< the tree closes the case
  confirmed,  ///< a candidate was confirmed
  timeout,
  nodes,      ///< nodes_max reached
  memory,     ///< memory_max reached
  precision,  ///< some point can be neither proved nor, so far, violated
  real,       ///< a counterexample over the reals that was not confirmed
};

std::string_view search_end_name(SearchEnd end);

/// What is known about the root of the case before: cases of one box need it but once.
struct KnownRoot {
  Box box;
  std::shared_ptr<const Bounds> bounds;
  Relaxation relaxation;
  /// With bounds that a proof names, once they were needed.
  struct Named {
    Bounds bounds;
    Relaxation relaxation;
    std::vector<ProofNode> nodes;
    InnerRows rows;
  };
  std::optional<Named> named;
};

struct SearchRules {
  LeafRules leaf;
  std::uint64_t seed = 0;
  std::uint64_t nodes_max = 0;
  std::uint64_t memory_max = 0;  ///< bytes that tree and open boxes may take
  std::size_t round_nodes = 64;
  /// What leaves need that are not deep, in place of a smaller leaf.margin.
  double coarse_margin = 0;
  std::uint64_t plain_boxes = 0;  ///< after so many, boxes are clipped too
  std::optional<KnownRoot>* known_root = nullptr;
  std::size_t narrow_inputs = 0;  ///< networks with more inputs are split by signs of ReLUs
  /// Before the first such split, bounds of inner ReLUs are improved, and named in the proof.
  bool names_bounds = false;
  /// Level R, networks of ReLUs: the case. Boxes that no cut closes are split by signs until all
  /// are known, and then decided in rational numbers.
  const Case* exact = nullptr;
  /// The first boxes are split even if they seem closed: the checker said otherwise.
  bool splits_first = false;
  /// Asked by the calling thread only.
  std::function<bool()> out_of_time;
  /// True ends the search: the candidate is a counterexample. Asked by the calling thread only, in
  /// an order that does not depend on the workers.
  std::function<bool(const Candidate&)> confirm;
  /// After every round.
  std::function<void(const CaseState&)> progress;
};

struct SearchResult {
  SearchEnd end;
  CaseProof proof;                 ///< proved
  std::vector<double> unprovable;  ///< precision: the point
  std::uint64_t nodes = 0;
  std::uint64_t programs = 0;  ///< boxes closed by linear programs
  std::uint64_t exact = 0;     ///< boxes closed in rational numbers
};

/// Goes on from `state`; a default one is the beginning. Where the search ends early, `state` is
/// that of the last whole round, from which it can go on.
SearchResult search_splits(const Network& network, const FloatModel& model, const Problem& problem,
                           const Kernels& kernels, Workers& workers, const SearchRules& rules,
                           CaseState& state);

}  // namespace isotrace::proofs::search
