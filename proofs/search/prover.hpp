// One run of prove(): the stages from a first look at landmarks to the checked proof. Internal.
#pragma once

#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/proofs/search/split_search.hpp>

namespace isotrace::proofs::search {

class Prover {
 public:
  /// All arguments must outlive the prover; network and property agree on sizes.
  Prover(const core::Program& program, const Network& network, const Property& property,
         const std::string& property_text, const ProveOptions& options, Judge judge);

  core::Result<ProveOutcome> run();

 private:
  ProveOutcome decide();
  bool attack_all();
  core::Result<core::Done> resume();
  void save(const CaseState& state);
  [[nodiscard]] core::Digest question() const;
  [[nodiscard]] SearchRules rules_of(std::size_t case_index);
  std::optional<ProveOutcome> search_cases();
  ProveOutcome check_and_mend(Proof proof, bool& rejected);
  std::optional<ProveOutcome> split_leaf(Proof& proof, std::uint64_t leaf);
  ProveOutcome check(Proof& proof, bool& rejected, std::uint64_t& leaf) const;
  bool confirm(const Candidate& candidate);
  [[nodiscard]] bool violates_in_reals(const Candidate& candidate) const;
  ProveOutcome attack_further(std::size_t case_index, const SearchResult& result);
  std::optional<ProveOutcome> ask_solver(std::size_t case_index);
  ProveOutcome unconfirmed(std::size_t case_index) const;
  ProveOutcome violated() const;
  ProveOutcome undecided(UndecidedReason reason, std::string detail) const;
  Proof empty_proof(Proof::Outcome outcome) const;
  [[nodiscard]] bool out_of_time() const;

  void tell(ProveStage stage) const;
  void tell_network() const;
  void tell_attack(std::optional<std::size_t> case_index);
  void tell_search(std::size_t case_index, const SearchResult& result, const CaseState& state);

  const core::Program& program_;
  const Network& network_;
  const Property& property_;
  const std::string& property_text_;
  const ProveOptions& options_;
  Judge judge_;
  const Kernels& kernels_;
  FloatModel model_;
  std::vector<Problem> problems_;
  std::optional<Counterexample> counterexample_;
  std::optional<core::Refusal> refusal_;  ///< of a run, or of who keeps the state
  SearchProgress progress_;
  CaseState current_;
  std::optional<KnownRoot> known_root_;
  std::uint64_t executions_ = 0;  ///< on the reference, since they were last told
};

}  // namespace isotrace::proofs::search
