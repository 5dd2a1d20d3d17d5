// SMT-LIB text decided by Z3 through its C++ interface, to be called in a sandboxed child. Trust:
// none.
#pragma once

#include <string>

namespace isotrace::smt {

/// What parse_answer (solve_z3.hpp) reads, or "error REASON\n".
/// @param resource_units Z3's own count after which it gives up; 0: none
std::string solve_text_z3(const std::string& smtlib, unsigned resource_units);

}  // namespace isotrace::smt
