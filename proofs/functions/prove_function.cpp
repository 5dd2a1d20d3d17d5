#include <isotrace/proofs/functions/prove_function.hpp>

#include <algorithm>
#include <bit>
#include <new>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/functions/float_meaning.hpp>
#include <isotrace/smt/sorted_values.hpp>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;
using Kind = FunctionOutcome::Kind;

constexpr std::uint32_t unwind_first = 2;
/// Terms of twice the rounds by those of the rounds: two loops inside each other have 4 times.
constexpr std::size_t growth_max = 5;

FunctionUndecided reason_of(smt::Outcome outcome) {
  switch (outcome) {
    case smt::Outcome::timeout: return FunctionUndecided::timeout;
    case smt::Outcome::memory: return FunctionUndecided::memory;
    default: return FunctionUndecided::solver;
  }
}

/// Numbers of every kind of float, by their sign and the bits of f32; of other types the bits.
constexpr std::uint32_t float_samples[] = {
    0x00000000, 0x3f800000, 0x7fc00000, 0x7f800000, 0x4f000000, 0x5f000000, 0x00000001,
    0x3f000000, 0x40490fdb, 0x7f7fffff, 0x3dcccccd, 0x4b7fffff, 0x00800000};
constexpr std::uint64_t samples_of_type = 2 * std::size(float_samples);
constexpr std::uint32_t samples_max = 20'000;

/// Value `i`, below samples_of_type, of a type.
std::uint64_t sample_value(wasm::ValueType type, std::uint64_t i) {
  const std::uint32_t bits = float_samples[i / 2] ^ (i % 2 == 0 ? 0 : 0x80000000U);
  if (type == wasm::ValueType::f64) {
    return std::bit_cast<std::uint64_t>(static_cast<double>(std::bit_cast<float>(bits)));
  }
  if (type == wasm::ValueType::f32) return bits;
  const std::uint64_t wide = i < 8 ? i : i % 2 == 0 ? std::uint64_t{bits} : ~std::uint64_t{bits};
  return type == wasm::ValueType::i64 ? wide : static_cast<std::uint32_t>(wide);
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
      claim().unwind = std::min<std::uint32_t>(next_unwind(), core::limits::unwind_max);
    }
  }

 private:
  FunctionClaim& claim() { return outcome_.proof.claim; }

  /// Twice as many, but for functions that call themselves more than once: of these twice the depth
  /// can be the square of the terms.
  std::uint32_t next_unwind() {
    branches_ = branches_ || (terms_before_ != 0 && terms_ > growth_max * terms_before_);
    terms_before_ = terms_;
    const std::uint32_t last = claim().unwind;
    return branches_ ? last + std::max(last / 4, 1U) : 2 * last;
  }

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
    auto made = make_obligation(claim(), [this] { return is_time_over(); });
    if (is_time_over()) return end_undecided(FunctionUndecided::timeout, "out of time");
    if (!made) {
      if (made.error().code != RefusalCode::limit_exceeded) {
        return tl::make_unexpected(std::move(made).error());
      }
      return end_undecided(FunctionUndecided::memory, core::describe(made.error()));
    }
    outcome_.type = made->type;
    terms_ = made->pool.size();
    auto answer = ask(*made, made->refuted);
    if (!answer && answer.error().code == RefusalCode::limit_exceeded) {
      return end_undecided(is_time_over() ? FunctionUndecided::timeout : FunctionUndecided::memory,
                           core::describe(answer.error()));
    }
    ISOTRACE_TRY(const smt::Decision first, std::move(answer));
    if (first.kind == smt::Decision::Kind::unsat) return take_proof(first);
    if (first.kind == smt::Decision::Kind::undecided) return end_unanswered(first);
    ISOTRACE_TRY(const bool confirmed, confirm(first.model));
    if (confirmed) return true;
    ISOTRACE_TRY(const bool certain, bits::holds(made->pool, made->violated, first.model));
    if (!made->floats.empty()) return attempt_floats(*made, certain);
    if (certain) return end_unconfirmed();
    // It leads to what was cut off. Where no more is unrolled, other arguments may still be a
    // counterexample.
    if (more_can_be_unrolled()) return false;
    ISOTRACE_TRY(const smt::Decision second, ask(*made, made->violated));
    if (second.kind == smt::Decision::Kind::sat) {
      ISOTRACE_TRY(const bool found, confirm(second.model));
      return found ? true : end_unconfirmed();
    }
    if (second.kind == smt::Decision::Kind::undecided) return end_unanswered(second);
    return false;
  }

  [[nodiscard]] bool more_can_be_unrolled() {
    return !options_.unwind && claim().unwind < core::limits::unwind_max;
  }

  /// The arguments that were found are a counterexample only if operations on floats had other
  /// results than they have. `certain`: they lead to nothing that was cut off.
  Result<bool> attempt_floats(const FunctionObligation& made, bool certain) {
    // Where more can be unrolled, what is said of any results may do then.
    const bool is_last = certain || !more_can_be_unrolled();
    if (is_last && !sampled_) {
      sampled_ = true;
      ISOTRACE_TRY(const bool found, try_samples());
      if (found) return true;
    }
    smt::sorted::Pool pool;
    ISOTRACE_TRY(const smt::sorted::Term refuted, state_floats(pool, made, made.refuted));
    ISOTRACE_TRY(const smt::Decision first, ask_exactly(made, pool, refuted, is_last ? 1 : 4));
    if (first.kind == smt::Decision::Kind::unsat) return take_proof(first);
    if (first.kind == smt::Decision::Kind::undecided) {
      return is_last ? end_without_floats(first) : Result<bool>(false);
    }
    ISOTRACE_TRY(const bool confirmed, confirm(first.model));
    if (confirmed) return true;
    ISOTRACE_TRY(const smt::sorted::Term violated, state_floats(pool, made, made.violated));
    ISOTRACE_TRY(const bool holds, smt::sorted::holds(pool, violated, first.model));
    if (holds) return end_unconfirmed();
    if (more_can_be_unrolled()) return false;
    ISOTRACE_TRY(const smt::Decision second, ask_exactly(made, pool, violated, 1));
    if (second.kind == smt::Decision::Kind::undecided) return end_without_floats(second);
    if (second.kind == smt::Decision::Kind::unsat) return false;
    ISOTRACE_TRY(const bool found, confirm(second.model));
    return found ? true : end_unconfirmed();
  }

  /// With what operations on floats compute: Z3 and cvc5 alone, of whose `unsat` nothing is
  /// checked.
  Result<smt::Decision> ask_exactly(const FunctionObligation& made, const smt::sorted::Pool& pool,
                                    smt::sorted::Term assertion, int share_of_time) {
    const smt::DecideOptions decide = options_now(", floats", share_of_time);
    ISOTRACE_TRY(smt::Decision decision, smt::decide(pool, assertion, decide));
    tell(made, pool.size(), decision, true);
    return decision;
  }

  bool is_time_over() const {
    return options_.milliseconds_left && options_.milliseconds_left() == 0;
  }

  Result<smt::Decision> ask(const FunctionObligation& made, bits::Term assertion) {
    const smt::DecideOptions decide = options_now("", 1);
    ISOTRACE_TRY(smt::Decision decision, smt::decide(made.pool, assertion, decide));
    tell(made, made.pool.size(), decision, false);
    return decision;
  }

  /// What is left of the time, or a share of it.
  smt::DecideOptions options_now(const std::string& what, int share_of_time) {
    smt::DecideOptions decide = options_.decide;
    if (options_.milliseconds_left) {
      const std::uint64_t left = std::max<std::uint64_t>(options_.milliseconds_left(), 1);
      const std::uint64_t most = static_cast<std::uint64_t>(decide.limits.wall_milliseconds);
      decide.limits.wall_milliseconds = static_cast<int>(std::min(left, most));
    }
    decide.limits.wall_milliseconds = std::max(decide.limits.wall_milliseconds / share_of_time, 1);
    decide.label = claim().function + ", unwind " + std::to_string(claim().unwind) + what;
    return decide;
  }

  void tell(const FunctionObligation& made, std::size_t terms, const smt::Decision& decision,
            bool floats) {
    if (!options_.on_attempt) return;
    const bool cut_possible = !made.pool.is_false(made.cut);
    options_.on_attempt({claim().unwind, terms, cut_possible, floats, decision});
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

  bool end_without_floats(const smt::Decision& decision) {
    return end_undecided(
        FunctionUndecided::floats,
        "arguments were found for other results of operations on floats than they have, and with "
        "those that they have no solver decides it (" +
            decision.detail + ")");
  }

  /// Solvers are slow to find arguments for floats: borders of the types and some numbers are
  /// tried on the engine alone. Whether one is a counterexample.
  Result<bool> try_samples() {
    const std::size_t count = outcome_.type.parameters.size();
    for (std::uint32_t sample = 0; count > 0 && sample < samples_max; ++sample) {
      if (is_time_over()) return false;
      FunctionInputs inputs;
      std::uint64_t rest = sample;
      for (const wasm::ValueType type : outcome_.type.parameters) {
        inputs.arguments.push_back(sample_value(type, rest % samples_of_type));
        rest /= samples_of_type;
      }
      if (rest > 0) break;  // all were tried
      ISOTRACE_TRY(const bool confirmed, confirm(inputs));
      if (confirmed) return true;
    }
    return false;
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
    return confirm(inputs_of(outcome_.type, model));
  }

  Result<bool> confirm(FunctionInputs inputs) {
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
    inputs.place = run->place;
    outcome_.kind = Kind::violated;
    outcome_.proof.outcome = FunctionProof::Outcome::violated;
    outcome_.proof.inputs = std::move(inputs);
    outcome_.run = *std::move(run);
    return true;
  }

  const FunctionOptions& options_;
  FunctionOutcome outcome_;
  std::size_t terms_ = 0;         // of the last attempt
  std::size_t terms_before_ = 0;  // and of the one before it
  bool branches_ = false;
  bool sampled_ = false;
};

}  // namespace

std::string_view undecided_name(FunctionUndecided reason) {
  switch (reason) {
    case FunctionUndecided::unwind: return "unwind";
    case FunctionUndecided::timeout: return "timeout";
    case FunctionUndecided::memory: return "memory";
    case FunctionUndecided::unconfirmed: return "unconfirmed";
    case FunctionUndecided::solver: return "solver";
    case FunctionUndecided::floats: return "floats";
  }
  return "";
}

Result<FunctionOutcome> prove_function(FunctionClaim claim, const FunctionOptions& options) {
  try {
    return FunctionProver(std::move(claim), options).prove();
  } catch (const std::bad_alloc&) {
    FunctionOutcome outcome;
    outcome.reason = FunctionUndecided::memory;
    outcome.detail = "the system gives no more memory";
    return outcome;
  }
}

}  // namespace isotrace::proofs
