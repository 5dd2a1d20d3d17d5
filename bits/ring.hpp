// Vectors of w bits with +, -, * and shifts to the left by constants are a commutative ring, the
// integers modulo 2^w. Terms that are one polynomial over other terms are equal, which circuits of
// multipliers do not show: (a + b) * (a + b) and a*a + 2*a*b + b*b. Trust: part of the trusted
// base.
#pragma once

#include <vector>

#include <isotrace/bits/term.hpp>

namespace isotrace::bits {

/// The terms, in which of several vectors that are one polynomial the first stands for all.
/// Polynomials that grow beyond a limit are left as they are.
std::vector<Term> merge_polynomials(TermPool& pool, const std::vector<Term>& roots);

}  // namespace isotrace::bits
