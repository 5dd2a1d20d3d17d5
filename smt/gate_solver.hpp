// What all uses of CaDiCaL begin and end with. Trust: none.
#pragma once

#include <cadical.hpp>

#include <isotrace/bits/cnf.hpp>
#include <isotrace/smt/proof_stream.hpp>

namespace isotrace::smt {

inline constexpr int satisfiable = 10;
inline constexpr int unsatisfiable = 20;

/// Its proof goes to the stream. Takes the first `clauses` clauses of the formula.
inline void start_solver(CaDiCaL::Solver& solver, const bits::Cnf& cnf, std::size_t clauses,
                         ProofStream& proof) {
  solver.set("quiet", 1);
  solver.trace_proof(proof.stream(), "proof");
  solver.reserve(static_cast<int>(cnf.variables));
  for (std::size_t number = 1; number <= clauses; ++number) {
    for (const std::int32_t literal : cnf.clause(number)) solver.add(literal);
    solver.add(0);
  }
}

inline void start_solver(CaDiCaL::Solver& solver, const bits::Cnf& cnf, ProofStream& proof) {
  start_solver(solver, cnf, cnf.size(), proof);
}

/// By variable; entry 0 is not used.
inline std::vector<bool> solution_of(CaDiCaL::Solver& solver, std::uint32_t variables) {
  std::vector<bool> solution(variables + std::size_t{1});
  for (std::uint32_t v = 1; v <= variables; ++v) {
    solution[v] = solver.val(static_cast<int>(v)) > 0;
  }
  return solution;
}

}  // namespace isotrace::smt
