// Proves or refutes a property of a program. What comes back has been confirmed: a proof was
// accepted by the checker, a counterexample was run on the reference backend. Trust: none needed;
// the proof file is checked again by whoever reads it (docs/proofs/search.md).
#pragma once

#include <functional>
#include <limits>
#include <optional>

#include <isotrace/core/limits.hpp>
#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/smt/decide.hpp>

namespace isotrace::proofs {

struct ProveProgress {
  std::size_t case_index = 0;
  std::size_t cases = 0;
  std::uint64_t boxes_done = 0;  ///< of this case
  std::uint64_t boxes_open = 0;
  double explored = 0;  ///< share of all cases that is closed, if each split halves what it splits
};

/// What one engine did, told when it has ended; several in a row make a verdict.
struct ProveStage {
  std::string_view engine;  ///< "lowering", "attack", "boxes", "checker", "z3", "cvc5"
  std::optional<std::size_t> case_index;  ///< of one case of the property
  std::string outcome;
  std::vector<std::pair<std::string_view, std::uint64_t>> sizes;
  std::string detail;
};

/// Z3, and cvc5 where that has no answer after two seconds; ten seconds each.
smt::DecideOptions solvers_of_networks();

struct ProveOptions {
  Level level = Level::any_order;
  /// Asked often, by the calling thread; true ends the search as undecided(timeout). Empty: never.
  std::function<bool()> out_of_time;
  unsigned jobs = 1;  ///< threads, at least 1; the outcome does not depend on it
  std::uint64_t nodes_max = core::limits::proof_nodes_max;  ///< tree nodes per case
  std::uint64_t seed = 0;                                   ///< of the attack
  /// Bytes that a case's tree and open boxes may take; counted from what they hold.
  std::uint64_t memory_max = std::numeric_limits<std::uint64_t>::max();
  /// Boxes of a case that are split plainly, before boxes are clipped as well: small trees stay
  /// free of clips, which exports to Coq do not take.
  std::uint64_t plain_boxes = 2048;
  static constexpr std::uint64_t no_clips = std::numeric_limits<std::uint64_t>::max();
  /// Networks with more inputs are split by the signs of what ReLUs are given, others by inputs.
  std::size_t narrow_inputs = 24;
  /// Boxes with at most so many open neurons that bounds leave open go to a linear program, whose
  /// dual numbers become the leaf.
  std::size_t program_neurons = 0;
  /// Ask Z3 and cvc5 (in sandboxes) for a counterexample of tiny networks that stay undecided.
  bool solver = false;
  /// How they are asked; `label` is set for each case.
  smt::DecideOptions decide = solvers_of_networks();
  std::function<void(const ProveProgress&)> progress;
  std::function<void(const ProveStage&)> on_stage;
  /// A saved state to go on from: the answer is that of a search which was never interrupted.
  /// Empty: from the beginning.
  core::Bytes resume_from;
  /// Takes the state of the search: whenever `wants_state`, asked after every round of boxes, says
  /// so, and where the search ends undecided for lack of time or memory. Empty: never.
  std::function<core::Result<core::Done>(core::ByteView)> save_state;
  std::function<bool()> wants_state;
};

enum class UndecidedReason {
  timeout,
  memory,            ///< nodes_max, memory_max, or what the system gives
  precision,         ///< the bounds, or the checker, cannot decide some box
  unsupported,       ///< see `refusal`
  unconfirmed_real,  ///< violated over the reals, not confirmed by a float run
};
std::string_view undecided_reason_name(UndecidedReason reason);

struct ProveOutcome {
  enum class Kind { proved, violated, undecided };

  Kind kind = Kind::undecided;
  Proof proof;  ///< proved: accepted by check_proof; violated: with the confirmed counterexample
  UndecidedReason reason = UndecidedReason::precision;  ///< undecided
  std::string detail;                                   ///< undecided: what was found
  std::optional<core::Refusal> refusal;                 ///< undecided(unsupported)
  std::uint64_t nodes = 0;                              ///< boxes looked at
};

/// Refuses property_* (including property_mismatch: other numbers of inputs or outputs), what
/// check_program refuses, what running the program refuses, what save_state and smt::decide refuse,
/// and for resume_from search_state_malformed, search_state_mismatch and limit_exceeded.
core::Result<ProveOutcome> prove(const core::Program& program, const std::string& property_text,
                                 const ProveOptions& options);

}  // namespace isotrace::proofs
