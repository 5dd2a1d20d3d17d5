// Proofs that a solver writes for exported SMT-LIB queries, for checkers of those formats. Nothing
// here believes or reads them.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

struct SolverProofOptions {
  std::string cvc5;            ///< path of the program
  std::string format;          ///< "alethe" or "lfsc"
  double seconds_max = 600;    ///< for each query
  std::string work_directory;  ///< in which a folder is made, and removed
};

/// Asks cvc5 for the proof of every query of a bundle that export_smtlib made, and adds
/// `smtlib/case<i>.alethe` or `.lfsc`, behind a comment that counts the steps which the solver does
/// not justify. Refuses solver_absent, and solver_failed if a query is not answered by `unsat` and
/// a whole proof.
core::Result<core::Done> add_solver_proofs(Bundle& bundle, const SolverProofOptions& options);

}  // namespace isotrace::proofs
