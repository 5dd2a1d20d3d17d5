// Proves or refutes a claim about a function. Loops are unrolled more and more until nothing is cut
// off, or time is up. What comes back as proved has been accepted by the checker's own parts, or is
// labelled as asserted by a solver; what comes back as violated has been run on the reference
// engine. Trust: none needed; the proof file is checked again by whoever reads it.
#pragma once

#include <functional>
#include <optional>

#include <isotrace/proofs/functions/execute_claim.hpp>
#include <isotrace/smt/decide.hpp>

namespace isotrace::proofs {

/// One question to the solvers.
struct FunctionAttempt {
  std::uint32_t unwind = 0;
  std::size_t terms = 0;
  bool cut_possible = false;  ///< unrolled as far, the term does not say that nothing is cut off
  bool floats = false;        ///< the question says what operations on floats compute
  smt::Decision decision;
};

struct FunctionOptions {
  smt::DecideOptions decide;
  /// Unroll exactly this often, instead of more and more.
  std::optional<std::uint32_t> unwind;
  /// Milliseconds that are left; asked before each question. Empty: no end.
  std::function<std::uint64_t()> milliseconds_left;
  std::function<void(const FunctionAttempt&)> on_attempt;
};

enum class FunctionUndecided : std::uint8_t {
  unwind,  ///< some arguments go beyond what was unrolled
  timeout,
  memory,       ///< the term, the formula or a solver grew beyond its limit
  unconfirmed,  ///< the engine could not tell within its steps
  solver,       ///< no solver had an answer
  floats,       ///< no solver decides it with the results that operations on floats have
};
std::string_view undecided_name(FunctionUndecided reason);

struct FunctionOutcome {
  enum class Kind : std::uint8_t { proved, violated, undecided };
  Kind kind = Kind::undecided;
  FunctionProof proof;      ///< proved or violated
  ClaimRun run;             ///< violated: what the engine did
  wasm::FunctionType type;  ///< of the function
  FunctionUndecided reason = FunctionUndecided::unwind;
  std::string detail;  ///< undecided
};

/// `claim.unwind` is set by this. Refuses what make_obligation refuses but limit_exceeded, which is
/// undecided(memory), and what smt::decide refuses.
core::Result<FunctionOutcome> prove_function(FunctionClaim claim, const FunctionOptions& options);

}  // namespace isotrace::proofs
