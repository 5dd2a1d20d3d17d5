// The table that the module of solvers exports. Its name has the version in it, so that a program
// never takes the module of another build for its own.
#include <isotrace/smt/solve_terms.hpp>
#include <isotrace/smt/solvers.hpp>

extern "C" __attribute__((visibility("default")))
const isotrace::smt::Solvers ISOTRACE_SOLVERS_SYMBOL;
const isotrace::smt::Solvers ISOTRACE_SOLVERS_SYMBOL = {
    isotrace::smt::solve_terms_z3, isotrace::smt::solve_terms_cvc5, isotrace::smt::z3_version,
    isotrace::smt::cvc5_version};
