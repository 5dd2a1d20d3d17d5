// A term decided by Z3 or cvc5 through their C++ interfaces: part of the module that solvers.hpp
// loads. To be called in a sandboxed child: nobody asks the libraries in the calling process.
// Trust: none.
#pragma once

#include <isotrace/smt/answer.hpp>
#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt {

/// @param steps the solver's own count after which it gives up; 0: none
Answer solve_terms_z3(const sorted::Pool& pool, sorted::Term assertion, std::uint64_t steps);
Answer solve_terms_cvc5(const sorted::Pool& pool, sorted::Term assertion, std::uint64_t steps);

std::string z3_version();
std::string cvc5_version();

}  // namespace isotrace::smt
