#include <isotrace/smt/solve_gates.hpp>

#include <algorithm>
#include <limits>
#include <memory>

#include <isotrace/smt/gate_solver.hpp>
#include <isotrace/smt/sample_inputs.hpp>
#include <isotrace/smt/split_cases.hpp>
#include <isotrace/smt/split_inputs.hpp>
#include <isotrace/smt/stopwatch.hpp>
#include <isotrace/smt/sweep.hpp>
#include <isotrace/smt/trim_proof.hpp>

namespace isotrace::smt {
namespace {

/// Conflicts after which a formula is not an easy one, fewer where each takes long.
constexpr std::uint64_t conflicts_easy = 4000;
constexpr std::size_t clauses_easy = 100'000;
/// Of 64 inputs each that are tried on the gates: at once, in a few milliseconds, and then.
constexpr std::size_t rounds_first = 256;
constexpr std::size_t rounds_all = 4096;

class GateSolver {
 public:
  GateSolver(const bits::TermPool& pool, const bits::Blasted& blasted, std::uint64_t conflicts)
      : pool_(pool), blasted_(blasted), conflicts_left_(conflicts), limited_(conflicts != 0) {}

  Answer run() {
    const Stopwatch solving;
    const int result = solve();
    answer_.solve_milliseconds = solving.milliseconds();
    if (result == satisfiable) {
      answer_.kind = Answer::Kind::sat;
    } else if (result == unsatisfiable) {
      take_proof();
    } else {
      answer_.detail = "limit of conflicts";
    }
    return std::move(answer_);
  }

 private:
  int solve() {
    if (sample(rounds_first)) return satisfiable;
    const int result =
        attempt({}, conflicts_easy * clauses_easy / std::max(clauses_easy, blasted_.cnf.size()));
    if (result != 0 || (limited_ && conflicts_left_ == 0)) return result;
    if (sample(rounds_all)) return satisfiable;
    proof_ = std::make_unique<ProofStream>();
    if (!open_.empty()) return split();
    if (const int decided = split_by_cases(); decided != 0) return decided;
    proof_ = std::make_unique<ProofStream>();
    return attempt(sweep_gates(blasted_, *proof_), 0);
  }

  int split_by_cases() {
    const CaseResult cases = split_cases(blasted_, *proof_);
    if (cases.result == satisfiable) {
      answer_.model = bits::read_solution(pool_, blasted_, cases.solution);
    }
    return cases.result;
  }

  /// Solves formula and clauses that follow from it. `most`: conflicts; 0: as many as are left.
  int attempt(const std::vector<std::vector<int>>& more, std::uint64_t most) {
    CaDiCaL::Solver solver;
    start_solver(solver, blasted_.cnf, *proof_);
    for (const std::vector<int>& clause : more) {
      for (const int literal : clause) solver.add(literal);
      solver.add(0);
    }
    const std::uint64_t allowed =
        limited_ && (most == 0 || conflicts_left_ < most) ? conflicts_left_ : most;
    if (allowed != 0) {
      solver.limit("conflicts", static_cast<int>(std::min<std::uint64_t>(
                                    allowed, std::numeric_limits<int>::max())));
      if (limited_) conflicts_left_ -= allowed;
    }
    const int result = solver.solve();
    if (result == satisfiable) {
      answer_.model =
          bits::read_solution(pool_, blasted_, solution_of(solver, blasted_.cnf.variables));
    }
    open_ = find_open_inputs(blasted_, [&](int v) { return solver.fixed(v) != 0; });
    solver.close_proof_trace();
    return result;
  }

  bool sample(std::size_t rounds) {
    const auto solution = sample_inputs(pool_, blasted_, rounds);
    if (!solution) return false;
    answer_.model = bits::read_solution(pool_, blasted_, *solution);
    return true;
  }

  int split() {
    const SplitResult split = split_inputs(blasted_, open_, *proof_);
    if (split.result == satisfiable) {
      answer_.model = bits::read_solution(pool_, blasted_, split.solution);
    }
    return split.result;
  }

  void take_proof() {
    const Stopwatch trimming;
    auto lrat = trim_proof(blasted_.cnf, proof_->bytes());
    answer_.trim_milliseconds = trimming.milliseconds();
    if (!lrat) {
      answer_.detail = "CaDiCaL's proof: " + lrat.error().detail;
      return;
    }
    answer_.kind = Answer::Kind::unsat;
    answer_.lrat = *std::move(lrat);
  }

  const bits::TermPool& pool_;
  const bits::Blasted& blasted_;
  std::uint64_t conflicts_left_;
  bool limited_;
  std::unique_ptr<ProofStream> proof_ = std::make_unique<ProofStream>();
  std::vector<int> open_;  // input bits to go through
  Answer answer_;
};

}  // namespace

Answer solve_gates(const bits::TermPool& pool, const bits::Blasted& blasted,
                   std::uint64_t conflicts) {
  return GateSolver(pool, blasted, conflicts).run();
}

std::string cadical_version() { return CaDiCaL::Solver::version(); }

}  // namespace isotrace::smt
