// A formula in conjunctive normal form decided by CaDiCaL, with its proof trimmed to one that
// bits::check_lrat follows. To be called in a sandboxed child. Trust: none.
#pragma once

#include <isotrace/bits/blast.hpp>
#include <isotrace/smt/answer.hpp>

namespace isotrace::smt {

/// @param conflicts CaDiCaL gives up after as many; 0: never
Answer solve_gates(const bits::TermPool& pool, const bits::Blasted& blasted,
                   std::uint64_t conflicts);

/// "1.5.3"
std::string cadical_version();

}  // namespace isotrace::smt
