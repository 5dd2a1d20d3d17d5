// Checks that a formula has no solution by a proof in which every step is verified by unit
// propagation along clauses that the proof names (LRAT without RAT steps). Trust: part of the
// trusted base. Cost: linear in the size of the proof.
//
// The bytes are steps without a header. Numbers are unsigned LEB128, at most 10 bytes. Clauses of
// the formula have the numbers 1..size(), the clauses that steps add have the numbers after them,
// in order.
//   'a' literals 0 hints 0   adds a clause. Literal +v is 2v, -v is 2v+1. A hint is the distance
//                            from the new clause's number back to the clause it means. With all
//                            literals of the new clause false, each hint must be a clause with
//                            exactly one literal not false, which is thereby true, but the last
//                            one, which must have none.
//   'd' clauses 0            forgets clauses; each is given as the distance back from the number
//                            that the next clause will have.
// The proof holds if a step adds the empty clause; nothing may follow it. A formula that contains
// the empty clause needs no steps.
#pragma once

#include <cstdint>
#include <string>

#include <isotrace/bits/cnf.hpp>
#include <isotrace/core/bytes.hpp>

namespace isotrace::bits {

struct LratOutcome {
  bool accepted = false;
  std::string reason;         ///< not accepted: the step and what is wrong with it
  std::uint64_t clauses = 0;  ///< added
  std::uint64_t hints = 0;    ///< followed
};

/// Any bytes will do. Memory: a fixed multiple of the sizes of formula and proof.
LratOutcome check_lrat(const Cnf& cnf, core::ByteView proof);

}  // namespace isotrace::bits
