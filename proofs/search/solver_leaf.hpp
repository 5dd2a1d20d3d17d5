// Z3 as an oracle for counterexamples over the reals, for tiny networks. Its `unsat` is ignored,
// and its models are evaluated in rational numbers.
#pragma once

#include <functional>

#include <isotrace/proofs/search/problem.hpp>
#include <isotrace/smt/solve_z3.hpp>

namespace isotrace::proofs::search {

using SolveText = std::function<core::Result<smt::SolverAnswer>(const std::string& smtlib,
                                                                const smt::SolverLimits& limits)>;

struct SolverOpinion {
  std::string outcome;        ///< for whoever asks what was done
  std::string query;          ///< SMT-LIB; empty: nobody was asked
  std::vector<double> point;  ///< the nearest binary64 numbers to the counterexample, or none
};

/// Asks for inputs that satisfy the case in real arithmetic. None if the network is too large, the
/// case has none, the solver does not answer, or what it says is not true.
SolverOpinion find_real_counterexample(const Network& network, const Case& unsafe,
                                       int wall_milliseconds,
                                       const SolveText& solve = smt::solve_z3);

}  // namespace isotrace::proofs::search
