// Z3 and cvc5 as oracles for counterexamples over the reals, for tiny networks. Their `unsat` is
// ignored, and their models are evaluated in rational numbers.
#pragma once

#include <isotrace/proofs/search/problem.hpp>
#include <isotrace/smt/portfolio.hpp>

namespace isotrace::proofs::search {

struct SolverOpinion {
  smt::Decision decision;     ///< no runs: nobody was asked, the network is too large
  std::vector<double> point;  ///< the nearest binary64 numbers to the counterexample, or none
};

/// Asks for inputs that satisfy the case in real arithmetic. No point if the network is too large,
/// the case has none, or no solver answers. Refuses solvers_disagree, solver_answer_wrong and
/// file_write_failed.
core::Result<SolverOpinion> find_real_counterexample(
    const Network& network, const Case& unsafe, const smt::DecideOptions& options,
    const smt::SolveFunction& solve = smt::solve_with_engine);

}  // namespace isotrace::proofs::search
