// The libraries of Z3 and cvc5, behind one table of functions. They are 45 MB that take
// milliseconds to relocate, so they are in a module of their own, which is loaded when one of them
// is first asked. Trust: none.
#pragma once

#include <string>

#include <isotrace/core/result.hpp>
#include <isotrace/smt/answer.hpp>
#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt {

/// What the module has. Asking is for sandboxed children.
struct Solvers {
  Answer (*solve_terms_z3)(const sorted::Pool&, sorted::Term assertion, std::uint64_t steps);
  Answer (*solve_terms_cvc5)(const sorted::Pool&, sorted::Term assertion, std::uint64_t steps);
  std::string (*z3_version)();
  std::string (*cvc5_version)();
};

/// Loads the module at the first call, from `lib/isotrace` beside the program's `bin` or where it
/// was to be installed. Call it before the fork: children have then nothing to load. Refuses
/// solver_absent, with the path and what the loader says.
core::Result<const Solvers*> load_solvers();

}  // namespace isotrace::smt
