#include <isotrace/proofs/functions/prove_function.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;
using Kind = FunctionOutcome::Kind;

constexpr std::uint32_t unwind_first = 2;

FunctionUndecided reason_of(smt::Outcome outcome) {
  switch (outcome) {
    case smt::Outcome::timeout: return FunctionUndecided::timeout;
    case smt::Outcome::memory: return FunctionUndecided::memory;
    default: return FunctionUndecided::solver;
  }
}

class FunctionProver {
 public:
  FunctionProver(FunctionClaim claim, const FunctionOptions& options) : options_(options) {
    outcome_.proof.claim = std::move(claim);
  }

  Result<FunctionOutcome> prove() {
    claim().unwind = options_.unwind.value_or(unwind_first);
    while (true) {
      ISOTRACE_TRY(const bool done, attempt());
      if (done) return std::move(outcome_);
      if (options_.unwind || claim().unwind >= core::limits::unwind_max) {
        return undecided(FunctionUndecided::unwind,
                         "some arguments take more than " + std::to_string(claim().unwind) +
                             " rounds of a loop, or calls of a function inside itself");
      }
      claim().unwind = std::min<std::uint32_t>(2 * claim().unwind, core::limits::unwind_max);
    }
  }

 private:
  FunctionClaim& claim() { return outcome_.proof.claim; }

  FunctionOutcome undecided(FunctionUndecided reason, std::string detail) {
    outcome_.kind = Kind::undecided;
    outcome_.reason = reason;
    outcome_.detail = std::move(detail);
    return std::move(outcome_);
  }

  bool end_undecided(FunctionUndecided reason, std::string detail) {
    outcome_.kind = Kind::undecided;
    outcome_.reason = reason;
    outcome_.detail = std::move(detail);
    return true;
  }

  /// Whether the outcome is there; if not, more must be unrolled.
  Result<bool> attempt() {
    auto made = make_obligation(claim());
    if (!made) {
      if (made.error().code != RefusalCode::limit_exceeded) {
        return tl::make_unexpected(std::move(made).error());
      }
      return end_undecided(FunctionUndecided::memory, core::describe(made.error()));
    }
    outcome_.type = made->type;
    ISOTRACE_TRY(const smt::Decision first, ask(*made, made->refuted));
    if (first.kind == smt::Decision::Kind::unsat) return take_proof(first);
    if (first.kind == smt::Decision::Kind::undecided) return end_unanswered(first);
    ISOTRACE_TRY(const bool confirmed, confirm(first.model));
    if (confirmed) return true;
    ISOTRACE_TRY(const bool certain, bits::holds(made->pool, made->violated, first.model));
    if (certain) return end_unconfirmed();
    // It leads to what was cut off. Where no more is unrolled, other arguments may still be a
    // counterexample.
    if (!options_.unwind && claim().unwind < core::limits::unwind_max) return false;
    ISOTRACE_TRY(const smt::Decision second, ask(*made, made->violated));
    if (second.kind == smt::Decision::Kind::sat) {
      ISOTRACE_TRY(const bool found, confirm(second.model));
      return found ? true : end_unconfirmed();
    }
    if (second.kind == smt::Decision::Kind::undecided) return end_unanswered(second);
    return false;
  }

  Result<smt::Decision> ask(const FunctionObligation& made, bits::Term assertion) {
    smt::DecideOptions decide = options_.decide;
    if (options_.milliseconds_left) {
      const std::uint64_t left = std::max<std::uint64_t>(options_.milliseconds_left(), 1);
      const std::uint64_t most = static_cast<std::uint64_t>(decide.limits.wall_milliseconds);
      decide.limits.wall_milliseconds = static_cast<int>(std::min(left, most));
    }
    decide.label = claim().function + ", unwind " + std::to_string(claim().unwind);
    ISOTRACE_TRY(smt::Decision decision, smt::decide(made.pool, assertion, decide));
    if (options_.on_attempt) {
      options_.on_attempt(
          {claim().unwind, made.pool.size(), !made.pool.is_false(made.cut), decision});
    }
    return decision;
  }

  bool end_unanswered(const smt::Decision& decision) {
    return end_undecided(reason_of(decision.reason), decision.detail);
  }

  bool end_unconfirmed() {
    return end_undecided(FunctionUndecided::unconfirmed,
                         "arguments were found that the engine does not confirm: they take more "
                         "than " +
                             std::to_string(call_steps_max) + " steps");
  }

  bool take_proof(const smt::Decision& decision) {
    outcome_.kind = Kind::proved;
    outcome_.proof.outcome =
        decision.checked ? FunctionProof::Outcome::proved : FunctionProof::Outcome::asserted;
    outcome_.proof.lrat = decision.lrat;
    return true;
  }

  /// Only what the engine does makes a counterexample.
  Result<bool> confirm(const bits::Assignment& model) {
    FunctionInputs inputs = inputs_of(outcome_.type, model);
    if (claim().memory == InitialMemory::instantiated) {
      inputs.fill = 0;
      inputs.memory.clear();
    }
    auto run = execute_claim(claim(), inputs);
    if (!run) {
      if (run.error().code != RefusalCode::limit_exceeded) {
        return tl::make_unexpected(std::move(run).error());
      }
      return false;
    }
    if (!run->violated) return false;
    outcome_.kind = Kind::violated;
    outcome_.proof.outcome = FunctionProof::Outcome::violated;
    outcome_.proof.inputs = std::move(inputs);
    outcome_.run = *std::move(run);
    return true;
  }

  const FunctionOptions& options_;
  FunctionOutcome outcome_;
};

}  // namespace

std::string_view undecided_name(FunctionUndecided reason) {
  switch (reason) {
    case FunctionUndecided::unwind: return "unwind";
    case FunctionUndecided::timeout: return "timeout";
    case FunctionUndecided::memory: return "memory";
    case FunctionUndecided::unconfirmed: return "unconfirmed";
    case FunctionUndecided::solver: return "solver";
  }
  return "";
}

Result<FunctionOutcome> prove_function(FunctionClaim claim, const FunctionOptions& options) {
  return FunctionProver(std::move(claim), options).prove();
}

}  // namespace isotrace::proofs
